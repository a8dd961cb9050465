import { type Dashboard, graph, stat } from './panel.ts'

export const overview: Dashboard = {
  uid: 'peyk-overview',
  title: 'Peyk: overview',
  description: 'Service levels, and the state of everything in one look.',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Instances up', 'short', 'Instances that answered the last scrape.', [
          '{{job}}',
          'sum by (job) (up)',
        ]),
        stat('Campaigns running', 'short', 'Campaigns that send now.', [
          'running',
          'max(campaign_campaigns{status="RUNNING"})',
        ]),
        stat('Numbers connected', 'short', 'WhatsApp numbers that are connected.', [
          'connected',
          'max(campaign_numbers{state="connected"})',
        ]),
        stat('Live connections', 'short', 'Clients of the live feed.', [
          'connections',
          'sum(ws_gateway_connections)',
        ]),
        stat('Dead letters', 'short', 'Messages that wait for an operator; it should be 0.', [
          'waiting',
          'max(jetstream_stream_messages{stream="DEAD_LETTERS"})',
        ]),
        stat(
          'Consumers that fail',
          'short',
          'Consumers that try the same batch again and again; it should be 0.',
          ['failing', 'sum(consumer_failures_in_a_row > bool 0)'],
        ),
      ],
    },
    {
      title: 'Service levels',
      panels: [
        graph(
          'API: share of 5xx',
          'percentunit',
          'Of the requests at the public door. The service level allows 0.1 % in a month; pages come at 1.44 % in an hour.',
          ['5 min', '(slo:api_errors:ratio_rate5m) or vector(0)'],
          ['1 h', '(slo:api_errors:ratio_rate1h) or vector(0)'],
        ),
        graph(
          'Live feed: share later than 250 ms',
          'percentunit',
          'From the publication of a live message to its write to the clients. The service level allows 1 %.',
          ['5 min', 'slo:feed_late:ratio_rate5m'],
          ['1 h', 'slo:feed_late:ratio_rate1h'],
        ),
        graph(
          'Sends: share without an answer',
          'percentunit',
          'Outcomes that are unconfirmed: WhatsApp never said what became of the message. Above 2 % it pages.',
          [
            'unconfirmed',
            'sum(rate(ledger_outcomes_recorded_total{state="unconfirmed"}[30m])) / sum(rate(ledger_outcomes_recorded_total[30m]))',
          ],
        ),
      ],
    },
    {
      title: 'Work',
      panels: [
        graph('Requests', 'reqps', 'Requests by service.', ['{{job}}', 'job:http_requests:rate5m']),
        graph('Sends', 'ops', 'Sends by what became of them.', ['{{outcome}}', 'outcome:sends:rate5m']),
        graph(
          'Lag',
          'short',
          'Messages that wait for the ledger and for the live feed; they should go back to 0.',
          ['ledger', 'max(ledger_lag_messages)'],
          ['live feed', 'max(ws_gateway_consumer_lag_messages)'],
        ),
      ],
    },
    {
      title: 'Processes',
      panels: [
        graph('CPU', 'short', 'Cores in use.', [
          '{{job}}',
          'sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))',
        ]),
        graph('Memory', 'bytes', 'Resident memory of each instance.', [
          '{{job}} {{instance}}',
          'process_resident_memory_bytes',
        ]),
        graph(
          'Event loop',
          's',
          'The 99th percentile of the delay of the event loop: above 0.1 s everything is late.',
          ['{{job}} {{instance}}', 'nodejs_eventloop_lag_p99_seconds'],
        ),
        graph('Disk that is left', 'percentunit', 'Of the disk under DATA_DIR; below 10 % it pages.', [
          '{{job}} {{instance}}',
          'data_folder_free_bytes / data_folder_size_bytes',
        ]),
        graph('Garbage collection', 's', 'Time a second that goes into garbage collection.', [
          '{{job}}',
          'sum by (job) (rate(nodejs_gc_duration_seconds_sum[$__rate_interval]))',
        ]),
        graph('Last start', 'dateTimeFromNow', 'When each instance was started.', [
          '{{job}} {{instance}}',
          'process_start_time_seconds * 1000',
        ]),
      ],
    },
  ],
}
