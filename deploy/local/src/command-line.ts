// Options of a command; one that it does not know ends it with the reason and the help, not with a stack trace.
import { parseArgs, type ParseArgsConfig } from 'node:util'

const EXIT_WRONG_USE = 2

export const readCommandLine = <const Config extends ParseArgsConfig>(
  config: Config,
  help: string,
): ReturnType<typeof parseArgs<Config>> => {
  try {
    return parseArgs(config)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${help}`)
    process.exit(EXIT_WRONG_USE)
  }
}
