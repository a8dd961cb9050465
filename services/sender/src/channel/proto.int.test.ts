// @ts-nocheck
import { eventually } from '@peyk/testing'
import { channelContract } from './channel.contract.ts'
import { baileysChannel } from './baileys/baileys-channel.ts'
import { MiniWa } from './proto-server.mjs'
const wa = await new MiniWa().start()
const channel = baileysChannel({
  url: wa.url,
  rootCa: Buffer.from(wa.root.public).toString('base64'),
  sendDeadlineMs: 2000,
  queryTimeoutMs: 2000,
})
const sent = []
wa.on('message', (m) => sent.push(m))
wa.on('error-conn', (e) => process.stderr.write(e.stack + '\n'))
wa.policy.exists = (p) => !p.endsWith('00000')
const acc = (own) => [...wa.accounts.values()].find((a) => a.phone === own)
channelContract('proto', async () => {
  wa.policy.ack = () => undefined
  return {
    channel,
    scan: async (phone, offered) => {
      if (offered.startsWith('http')) wa.pair(offered, phone, 3)
      else {
        await eventually(() => wa.codes.has(phone))
        await wa.enterCode(phone, offered)
      }
    },
    messagesTo: async (phone) =>
      sent
        .filter((m) => m.to.startsWith(phone) && m.message)
        .map((m) => ({ messageId: m.id, text: m.message.extendedTextMessage.text })),
    answerWith: async (a) => {
      wa.policy.ack = () => ({ ack: undefined, nack463: { error: '463' }, nothing: 'drop' })[a]
    },
    reply: async (own, from, text, q) => wa.reply(acc(own), from + '@s.whatsapp.net', text, q),
    deliver: async (own, to, id) => wa.receipt(acc(own), id, to + '@s.whatsapp.net'),
    disconnect: async (own, cause) => {
      const c = acc(own).conn
      if (cause === 'connection_lost') c.ws.terminate()
      else if (cause === 'replaced')
        c.streamError(undefined, { tag: 'conflict', attrs: { type: 'replaced' } })
      else {
        acc(own).loggedOut = true
        c.streamError('401', { tag: 'conflict', attrs: { type: 'device_removed' } })
      }
    },
    stop: async () => {},
  }
})
afterAll(() => wa.stop())
