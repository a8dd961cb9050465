import { type Dashboard, graph, percentiles } from './panel.ts'

export const gateway: Dashboard = {
  uid: 'peyk-gateway',
  title: 'Peyk: gateway',
  description: 'The public door: the live feed and the proxy of the API.',
  rows: [
    {
      title: 'HTTP',
      panels: [
        graph('Requests by status', 'reqps', 'Requests at the public door by the status of their answer.', [
          '{{status}}',
          'sum by (status) (rate(http_request_duration_seconds_count{job="gateway"}[$__rate_interval]))',
        ]),
        graph(
          'Duration',
          's',
          'From a request to the end of its answer, at the public door.',
          ...percentiles('http_request_duration_seconds', '{job="gateway"}'),
        ),
        graph('Requests in flight', 'short', 'Requests that are being answered, by service.', [
          '{{job}}',
          'sum by (job) (http_requests_in_flight)',
        ]),
        graph('Routes', 'reqps', 'Requests by service and route pattern.', [
          '{{job}} {{method}} {{route}}',
          'sum by (job, method, route) (rate(http_request_duration_seconds_count[$__rate_interval]))',
        ]),
        graph('Problems', 'ops', 'Problems that were answered, by their code.', [
          '{{job}} {{code}}',
          'sum by (job, code) (rate(http_problems_total[$__rate_interval])) or vector(0)',
        ]),
      ],
    },
    {
      title: 'Connections',
      panels: [
        graph('Live connections', 'short', 'Clients that are connected, by instance.', [
          '{{instance}} {{protocol}}',
          'ws_gateway_connections',
        ]),
        graph(
          'Opened',
          'ops',
          'Connections that were opened. A steep rise after a fall is a reconnection of many.',
          ['opened', 'sum(rate(ws_gateway_connections_opened_total[$__rate_interval]))'],
        ),
        graph(
          'Closed by code',
          'ops',
          'Close codes: 1000 and 1001 are usual, see PROTOCOL.md for the others.',
          [
            '{{code}} {{initiator}}',
            'sum by (code, initiator) (rate(ws_gateway_connections_closed_total[$__rate_interval]))',
          ],
        ),
        graph(
          'Upgrades by result',
          'ops',
          'What became of upgrade requests: refusals are by token, right or limit.',
          ['{{result}}', 'sum by (result) (rate(ws_gateway_upgrades_total[$__rate_interval]))'],
        ),
        graph(
          'Upgrade duration',
          's',
          'From the upgrade request to its answer.',
          ...percentiles('ws_gateway_upgrade_duration_seconds'),
        ),
        graph(
          'Clients that fell behind',
          'ops',
          'Clients that were closed because they were slow or did not answer a ping.',
          ['slow', 'sum(rate(ws_gateway_slow_consumer_disconnects_total[$__rate_interval]))'],
          ['no pong', 'sum(rate(ws_gateway_pong_timeouts_total[$__rate_interval]))'],
        ),
      ],
    },
    {
      title: 'Messages',
      panels: [
        graph('Read from the feed', 'ops', 'Messages of the live feed by type.', [
          '{{type}}',
          'sum by (type) (rate(ws_gateway_messages_consumed_total[$__rate_interval]))',
        ]),
        graph(
          'Written to clients',
          'ops',
          'Messages that were written, by type: what was read times its watchers.',
          ['{{type}}', 'sum by (type) (rate(ws_gateway_messages_sent_total[$__rate_interval]))'],
        ),
        graph('Bytes written', 'Bps', 'Bytes that were written to clients.', [
          '{{instance}}',
          'rate(ws_gateway_sent_bytes_total[$__rate_interval])',
        ]),
        graph(
          'Delivery',
          's',
          'From the publication of a message to its write. The service level is 250 ms for 99 %.',
          ...percentiles('ws_gateway_delivery_duration_seconds'),
        ),
        graph('Waiting', 'short', 'Messages of the feed that wait to be read.', [
          '{{instance}}',
          'ws_gateway_consumer_lag_messages',
        ]),
        graph('Watchers of a write', 'short', 'To how many clients a message goes.', [
          'mean',
          'sum(rate(ws_gateway_fanout_subscribers_sum[$__rate_interval])) / sum(rate(ws_gateway_fanout_subscribers_count[$__rate_interval]))',
        ]),
      ],
    },
  ],
}
