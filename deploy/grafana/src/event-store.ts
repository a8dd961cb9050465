import { type Dashboard, graph } from './panel.ts'

export const eventStore: Dashboard = {
  uid: 'peyk-event-store',
  title: 'Peyk: event store',
  description: 'EventStoreDB or KurrentDB as the services that use it see it.',
  rows: [
    {
      title: 'Calls',
      panels: [
        graph('Calls', 'ops', 'Calls by service and operation.', [
          '{{job}} {{operation}}',
          'sum by (job, operation) (rate(event_store_call_duration_seconds_count[$__rate_interval]))',
        ]),
        graph(
          'Calls that did not succeed',
          'ops',
          '`WrongRevision` and `StreamNotFound` are usual; `EventStoreUnavailable` is not.',
          [
            '{{job}} {{outcome}}',
            'sum by (job, outcome) (rate(event_store_call_duration_seconds_count{outcome!="ok"}[$__rate_interval])) or vector(0)',
          ],
        ),
        graph('Duration of an append', 's', 'The 95th percentile by service.', [
          '{{job}}',
          'histogram_quantile(0.95, sum by (le, job) (rate(event_store_call_duration_seconds_bucket{operation="append"}[$__rate_interval])))',
        ]),
        graph(
          'Duration of a read',
          's',
          'Until the first event, the 95th percentile by service and operation.',
          [
            '{{job}} {{operation}}',
            'histogram_quantile(0.95, sum by (le, job, operation) (rate(event_store_call_duration_seconds_bucket{operation!="append"}[$__rate_interval])))',
          ],
        ),
      ],
    },
    {
      title: 'Subscriptions',
      panels: [
        graph('Events read', 'ops', 'Events that subscriptions handed over, by consumer.', [
          '{{consumer}}',
          'sum by (consumer) (rate(consumer_messages_total{consumer!="ledger"}[$__rate_interval]))',
        ]),
        graph(
          'Lag',
          's',
          'How old events were when their rows were there.',
          ['reporting', 'max(projection_lag_seconds)'],
          ['campaign', 'max(catalogue_lag_seconds)'],
        ),
        graph('Failures in a row', 'short', 'Above 0 a subscription stands still at an event.', [
          '{{consumer}}',
          'max by (consumer) (consumer_failures_in_a_row{consumer!="ledger"})',
        ]),
      ],
    },
  ],
}
