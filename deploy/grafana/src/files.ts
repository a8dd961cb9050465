// Where a dashboard's file is and what stands in it.
import { type Dashboard, toGrafana } from './panel.ts'

/** Relative to deploy/grafana. */
export const dashboardFile = ({ uid }: Dashboard): string => `dashboards/${uid.replace('peyk-', '')}.json`

export const dashboardText = (dashboard: Dashboard): string =>
  `${JSON.stringify(toGrafana(dashboard), undefined, 2)}\n`
