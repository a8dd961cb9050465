// Node strips types from TypeScript as it is; Jest loads modules by itself, so it does the same here.
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source, path) => ({
    code: path.endsWith('.ts') ? stripTypeScriptTypes(source, { mode: 'strip', sourceUrl: path }) : source,
  }),
}
