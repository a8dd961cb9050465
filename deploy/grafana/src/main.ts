// `npm run dashboards`: writes the dashboards as Grafana reads them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { dashboardFile, dashboardText } from './files.ts'
import { dashboards } from './dashboards.ts'

for (const dashboard of dashboards)
  await writeFile(join(import.meta.dirname, '..', dashboardFile(dashboard)), dashboardText(dashboard))
