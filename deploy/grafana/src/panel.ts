// A dashboard as we write it, and as Grafana reads it.

/** Units as Grafana names them. */
export type Unit =
  'short' | 's' | 'bytes' | 'percentunit' | 'reqps' | 'ops' | 'bool' | 'Bps' | 'dateTimeFromNow'

export interface Query {
  readonly expr: string
  /** `{{label}}` stands for a label's value. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  readonly description: string
  readonly unit: Unit
  /** `stat`: the newest value alone. */
  readonly kind: 'graph' | 'stat'
  readonly queries: readonly Query[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]
}

type Queries = readonly (readonly [legend: string, expr: string])[]

const panel =
  (kind: Panel['kind']) =>
  (title: string, unit: Unit, description: string, ...queries: Queries): Panel => ({
    title,
    description,
    unit,
    kind,
    queries: queries.map(([legend, expr]) => ({ legend, expr })),
  })

export const graph = panel('graph')
export const stat = panel('stat')

/** The 50th, 95th and 99th percentile of a histogram. */
export const percentiles = (histogram: string, selector = ''): Queries =>
  [0.5, 0.95, 0.99].map((share) => [
    `p${share * 100}`,
    `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket${selector}[$__rate_interval])))`,
  ])

const COLUMNS = 24
const WIDTH = { graph: 8, stat: 4 }
const HEIGHT = 8
const datasource = { type: 'prometheus', uid: 'prometheus' }

/** The JSON model that Grafana provisions. */
export const toGrafana = ({ uid, title, description, rows }: Dashboard): object => {
  const panels: object[] = []
  let y = 0
  for (const row of rows) {
    panels.push({
      type: 'row',
      id: panels.length + 1,
      title: row.title,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    })
    y += 1
    let x = 0
    for (const each of row.panels) {
      const w = WIDTH[each.kind]
      if (x + w > COLUMNS) {
        x = 0
        y += HEIGHT
      }
      panels.push(grafanaPanel(each, panels.length + 1, { x, y, w, h: HEIGHT }))
      x += w
    }
    y += HEIGHT
  }
  return {
    uid,
    title,
    description,
    tags: ['peyk'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', tags: ['peyk'], title: 'Peyk', asDropdown: true }],
    panels,
  }
}

const grafanaPanel = ({ title, description, unit, kind, queries }: Panel, id: number, gridPos: object) => ({
  type: kind === 'graph' ? 'timeseries' : 'stat',
  id,
  title,
  description,
  gridPos,
  datasource,
  fieldConfig: { defaults: { unit, ...(kind === 'graph' ? { min: 0 } : {}) }, overrides: [] },
  ...(kind === 'stat' ? { options: { reduceOptions: { calcs: ['lastNotNull'] } } } : {}),
  targets: queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode(65 + index),
    datasource,
    expr,
    legendFormat: legend,
    exemplar: expr.includes('_bucket'),
  })),
})
