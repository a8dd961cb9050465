// WhatsApp's wire protocol for real clients in local runs and tests.
export { readQr } from './door/camera.ts'
export { controlClient, ControlError, type ControlClient } from './door/control-client.ts'
export type { FaultRequest, ReceiptRequest, ReplyRequest, ScanRequest, ShowRequest } from './door/requests.ts'
export type { ReceivedMedia, ReceivedMessage } from './phones/inbox.ts'
export { startWhatsAppServer, type WhatsAppServer } from './server.ts'
export type { ReceiptSettings, WhatsAppServerOptions } from './settings.ts'
export { spawnWhatsAppServer, type SpawnedWhatsAppServer, type SpawnOptions } from './spawn.ts'
