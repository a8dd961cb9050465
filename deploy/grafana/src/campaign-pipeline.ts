import { type Dashboard, graph, percentiles, stat } from './panel.ts'

export const campaignPipeline: Dashboard = {
  uid: 'peyk-campaign-pipeline',
  title: 'Peyk: campaign pipeline',
  description: 'From a command to an outcome: relay, dispatch, sends, ledger, read models.',
  rows: [
    {
      title: 'Campaigns',
      panels: [
        stat('By status', 'short', 'Campaigns that have begun and not ended.', [
          '{{status}}',
          'max by (status) (campaign_campaigns)',
        ]),
        stat('Longest standstill', 's', 'The longest time that a running campaign has had no outcome.', [
          'standstill',
          'max(campaign_longest_standstill_seconds)',
        ]),
        stat('Holders of the background work', 'short', 'It should be 1.', [
          'holders',
          'sum(campaign_background_held)',
        ]),
        graph('Outcomes', 'ops', 'Outcomes that the ledger recorded, by state.', [
          '{{state}}',
          'sum by (state) (rate(ledger_outcomes_recorded_total[$__rate_interval]))',
        ]),
      ],
    },
    {
      title: 'Consumers',
      panels: [
        graph('Worked through', 'ops', 'Messages and events by consumer.', [
          '{{consumer}}',
          'sum by (consumer) (rate(consumer_messages_total[$__rate_interval]))',
        ]),
        graph('Failures', 'ops', 'Batches that failed and were tried again, by consumer; it should be 0.', [
          '{{consumer}}',
          'sum by (consumer) (rate(consumer_failures_total[$__rate_interval]))',
        ]),
        graph('Duration of a batch', 's', 'The 95th percentile by consumer.', [
          '{{consumer}}',
          'histogram_quantile(0.95, sum by (le, consumer) (rate(consumer_batch_duration_seconds_bucket[$__rate_interval])))',
        ]),
      ],
    },
    {
      title: 'Lag',
      panels: [
        graph('Ledger', 'short', 'Messages of OUTCOMES that wait to be recorded.', [
          'waiting',
          'max(ledger_lag_messages)',
        ]),
        graph('Relay', 'dateTimeFromNow', 'When the newest relayed event occurred.', [
          'newest',
          'max(relay_last_event_timestamp_seconds) * 1000',
        ]),
        graph(
          'Read models',
          's',
          'How old events were when their rows were there.',
          ['reporting', 'max(projection_lag_seconds)'],
          ['campaign', 'max(catalogue_lag_seconds)'],
        ),
        stat('Read model is caught up', 'bool', 'False while reporting builds its rows from the events.', [
          '{{instance}}',
          'projection_caught_up',
        ]),
        graph(
          'What the ledger cannot use',
          'ops',
          'Receipts for messages that nobody knows, and messages that cannot be read; it should be 0.',
          ['unknown receipts', 'sum(rate(ledger_unknown_receipts_total[$__rate_interval]))'],
          ['unreadable', 'sum(rate(ledger_unreadable_messages_total[$__rate_interval]))'],
        ),
      ],
    },
    {
      title: 'Queue',
      panels: [
        graph('Jobs that wait', 'short', 'Messages of DISPATCH.', [
          'jobs',
          'max(jetstream_stream_messages{stream="DISPATCH"})',
        ]),
        graph('Age of the oldest job', 's', 'How long the oldest job of DISPATCH has waited.', [
          'age',
          'max(jetstream_stream_oldest_message_age_seconds{stream="DISPATCH"})',
        ]),
        graph(
          'Age at the hand-over',
          's',
          'How old a job was when its message was handed to WhatsApp.',
          ...percentiles('peyk_sender_queue_age_seconds'),
        ),
      ],
    },
  ],
}
