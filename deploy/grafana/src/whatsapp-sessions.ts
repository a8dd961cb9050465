import { type Dashboard, graph, percentiles, stat } from './panel.ts'

export const whatsappSessions: Dashboard = {
  uid: 'peyk-whatsapp-sessions',
  title: 'Peyk: WhatsApp sessions',
  description: 'Numbers, their connections, and how WhatsApp answers.',
  rows: [
    {
      title: 'Numbers',
      panels: [
        stat('By state', 'short', 'Numbers by the newest event of their stream.', [
          '{{state}}',
          'max by (state) (campaign_numbers)',
        ]),
        graph('Connections', 'short', 'Connections to WhatsApp by state and instance.', [
          '{{instance}} {{state}}',
          'peyk_sender_sessions',
        ]),
        graph(
          'Leases',
          'short',
          'Sessions that each instance owns. All of them together are the linked numbers.',
          ['{{instance}}', 'peyk_sender_leases'],
        ),
        graph(
          'Ended connections',
          'ops',
          'By cause: `banned`, `replaced` and `store_failed` ask for a look.',
          ['{{cause}}', 'sum by (cause) (rate(peyk_sender_connections_closed_total[$__rate_interval]))'],
        ),
        graph(
          'Sessions that began again',
          'ops',
          'After an error of our own side: lease, credentials, NATS.',
          ['{{instance}}', 'rate(peyk_sender_session_interruptions_total[$__rate_interval])'],
        ),
        graph(
          'Time locks',
          'short',
          'How often WhatsApp locked a number for new contacts, in the last hour.',
          ['locks', 'sum(increase(peyk_sender_timelocks_total[1h]))'],
        ),
      ],
    },
    {
      title: 'Sends',
      panels: [
        graph('By outcome', 'ops', 'What became of sends; `no_ack` is open until the ledger decides.', [
          '{{outcome}}',
          'sum by (outcome) (rate(peyk_sender_sends_total[$__rate_interval]))',
        ]),
        graph('Refused by WhatsApp', 'ops', 'By reason; `reach_out_locked` (463) comes before a ban.', [
          '{{reason}}',
          'sum by (reason) (rate(peyk_sender_send_failures_total[$__rate_interval]))',
        ]),
        graph(
          'Ack',
          's',
          "From the hand-over of a message to WhatsApp's ack.",
          ...percentiles('peyk_sender_ack_seconds'),
        ),
        graph(
          'Pacing',
          'percentunit',
          'Share of the time that numbers with a message ready waited for their pace.',
          ['{{instance}}', 'rate(peyk_sender_pacing_wait_seconds_total[$__rate_interval])'],
        ),
        graph(
          'Jobs that were done before',
          'ops',
          'Doubled jobs that the intent stopped: harmless, usual after a restart.',
          ['refused', 'sum(rate(peyk_sender_refused_intents_total[$__rate_interval]))'],
        ),
        graph('Receipts', 'ops', 'What recipients’ phones said.', [
          '{{state}}',
          'sum by (state) (rate(peyk_sender_receipts_total[$__rate_interval]))',
        ]),
      ],
    },
  ],
}
