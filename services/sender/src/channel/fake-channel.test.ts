import { channelContract, type ChannelWorld } from './channel.contract.ts'
import { FakeWhatsApp, type Answer } from './fake-channel.ts'

const ANSWERS: Record<Parameters<ChannelWorld['answerWith']>[0], Answer> = {
  ack: () => undefined,
  nack463: () => ({ outcome: 'failed', reason: 'reach_out_locked', code: 463 }),
  nothing: () => new Promise(() => undefined),
}

channelContract('fake', () => {
  const whatsapp = new FakeWhatsApp()
  return Promise.resolve({
    channel: whatsapp,
    scan: (phone) => whatsapp.scan(phone),
    messagesTo: (phone) =>
      Promise.resolve(
        whatsapp.messages
          .filter(({ to }) => to === phone)
          .map(({ messageId, text }) => ({ messageId, text })),
      ),
    answerWith: (answer) => {
      whatsapp.answer(ANSWERS[answer])
      return Promise.resolve()
    },
    reply: (own, from, text, quotedMessageId) => {
      whatsapp.reply(own, from, text, quotedMessageId)
      return Promise.resolve()
    },
    deliver: (own, _to, messageId) => {
      whatsapp.receipt(own, [messageId], 'delivered')
      return Promise.resolve()
    },
    disconnect: (own, cause) => whatsapp.disconnect(own, { cause }),
    stop: () => Promise.resolve(),
  })
})
