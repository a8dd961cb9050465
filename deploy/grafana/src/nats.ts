import { type Dashboard, graph, stat } from './panel.ts'

export const nats: Dashboard = {
  uid: 'peyk-nats',
  title: 'Peyk: NATS and JetStream',
  description: 'Connections of the services, and the room in streams and buckets.',
  rows: [
    {
      title: 'Connections',
      panels: [
        stat('Connected', 'bool', 'Whether each instance is connected to NATS.', [
          '{{job}} {{instance}}',
          'nats_connected',
        ]),
        graph('Lost connections', 'short', 'How often the connection was lost in the last hour.', [
          '{{job}} {{instance}}',
          'increase(nats_disconnections_total[1h])',
        ]),
        graph('Resets of the live feed', 'ops', 'New consumers of the feed by reason.', [
          '{{reason}}',
          'sum by (reason) (rate(ws_gateway_consumer_resets_total[$__rate_interval])) or vector(0)',
        ]),
      ],
    },
    {
      title: 'Streams',
      panels: [
        graph('Messages', 'short', 'Messages in each stream.', [
          '{{stream}}',
          'max by (stream) (jetstream_stream_messages{stream!~"KV_.*"})',
        ]),
        graph('Bytes', 'bytes', 'Bytes in each stream.', [
          '{{stream}}',
          'max by (stream) (jetstream_stream_bytes{stream!~"KV_.*"})',
        ]),
        graph(
          'Fullness',
          'percentunit',
          'Share of its room that a stream takes. Above 80 % it pages; full, its writers stop.',
          ['{{stream}}', 'max by (stream) (jetstream_stream_bytes / (jetstream_stream_max_bytes > 0))'],
        ),
        graph(
          'Consumers',
          'short',
          'Consumers of each stream; DISPATCH has one for each campaign and number.',
          ['{{stream}}', 'max by (stream) (jetstream_stream_consumers{stream!~"KV_.*"})'],
        ),
        graph('Age of the oldest message', 's', 'By stream; it ends at the age that the stream keeps.', [
          '{{stream}}',
          'max by (stream) (jetstream_stream_oldest_message_age_seconds{stream!~"KV_.*"})',
        ]),
        graph('Keys', 'short', 'Entries of each bucket.', [
          '{{stream}}',
          'max by (stream) (jetstream_stream_messages{stream=~"KV_.*"})',
        ]),
      ],
    },
  ],
}
