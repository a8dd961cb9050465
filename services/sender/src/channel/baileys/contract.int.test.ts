import { controlClient, startWhatsAppServer } from '@peyk/whatsapp-testserver'

import { channelContract } from '../channel.contract.ts'
import { WITHOUT_OWN_RECEIPTS, wireWorld } from './wire-world.ts'

channelContract('Baileys', async () => {
  const server = await startWhatsAppServer(WITHOUT_OWN_RECEIPTS)
  return wireWorld(server, controlClient(server.controlUrl))
})
