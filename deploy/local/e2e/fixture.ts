// A whole stack for a test: started as `npm start` starts it, spoken to through its public door.
import { readFile } from 'node:fs/promises'

import { tenantIdSchema } from '@peyk/contracts'
import { eventually, freePort, temporaryFolder } from '@peyk/testing'
import { controlClient } from '@peyk/whatsapp-testserver'
import { SignJWT } from 'jose'

import { readSecrets, type StackFile } from '../src/data-folder.ts'
import { type Stack, type StackOptions, startStack } from '../src/stack.ts'

export interface Answer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface TestStack extends AsyncDisposable {
  readonly url: string
  readonly data: string
  readonly file: () => StackFile
  /** A request through the public door; objects go as JSON. */
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: object | FormData,
    options?: CallOptions,
  ): Promise<Answer<Body>>
  token(tenant: string, user: string, ...roles: readonly string[]): Promise<string>
  /** One whose time is over. */
  expiredToken(tenant: string, user: string, ...roles: readonly string[]): Promise<string>
  /** What each number got, as the test server decrypted it. */
  inbox(): Promise<ReadonlyMap<string, readonly InboxMessage[]>>
  kill(name: keyof StackFile['pids'], signal?: NodeJS.Signals): Promise<void>
  lines(): readonly string[]
}

export interface InboxMessage {
  readonly id: string
  readonly text: string
  readonly count: number
}

/** Ports that follow each other, as the launcher wants them; another test may take them in between, so it is tried again. */
const portBases = async (): Promise<{ port: number; adminBase: number }> => {
  const port = await freePort()
  return { port, adminBase: port + 10 }
}

export const startTestStack = async (
  environment: Readonly<Record<string, string>> = {},
  servers: Pick<StackOptions, 'eventstoreUrl' | 'natsUrl' | 'environmentOf' | 'rootOf'> = {},
): Promise<TestStack> => {
  const folder = await temporaryFolder('peyk-e2e-')
  const lines: string[] = []
  const start = async (): Promise<Stack> => {
    const { port, adminBase } = await portBases()
    return startStack({
      data: folder.path,
      port,
      adminBase,
      whatsapp: 'test',
      fast: true,
      environment,
      ...servers,
      onLine: (name, line) => lines.push(`${name} ${line}`),
    })
  }
  const stack = await start().catch((error: unknown) => {
    if (error instanceof Error && error.name === 'StartRefused') return start()
    throw error
  })
  const file = () => stack.stack()
  return {
    url: file().urls.public,
    data: folder.path,
    file,
    lines: () => lines,
    call: (method, path, body, options) => call(file().urls.public, method, path, body, options),
    token: (tenant, user, ...roles) => tokenFor(folder.path, tenant, user, roles, '10m'),
    expiredToken: (tenant, user, ...roles) => tokenFor(folder.path, tenant, user, roles, '1s ago'),
    inbox: () => readInbox(file().urls.whatsappControl ?? ''),
    kill: (name, signal) => kill(file, name, signal),
    [Symbol.asyncDispose]: async () => {
      await stack.stop()
      await folder.remove()
    },
  }
}

const call: (url: string, ...rest: Parameters<TestStack['call']>) => Promise<Answer<never>> = async (
  url,
  method,
  path,
  body,
  { token, headers } = {},
) => {
  const isJson = body !== undefined && !(body instanceof FormData)
  const answer = await fetch(new URL(path, url), {
    method,
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
    headers: {
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  })
  const text = await answer.text()
  const isJsonAnswer = answer.headers.get('content-type')?.includes('json') === true
  return {
    status: answer.status,
    headers: answer.headers,
    body: (isJsonAnswer ? JSON.parse(text) : text) as never,
  }
}

const tokenFor = async (
  data: string,
  tenant: string,
  user: string,
  roles: readonly string[],
  expires: string,
): Promise<string> => {
  const { jwtSecret } = await readSecrets(data)
  return new SignJWT({ tenant: tenantIdSchema.safeParse(tenant).data ?? tenant, roles })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(jwtSecret))
}

const readInbox = async (control: string): Promise<ReadonlyMap<string, readonly InboxMessage[]>> =>
  new Map((await controlClient(control).allMessages()).map(({ number, messages }) => [number, messages]))

/** Kills a process of the stack and waits until the launcher has started it again. */
const kill = async (
  file: () => StackFile,
  name: keyof StackFile['pids'],
  signal: NodeJS.Signals = 'SIGKILL',
) => {
  const before = file().pids[name]
  if (before === undefined) throw new Error(`${name} is no process of this stack`)
  process.kill(before, signal)
  await eventually(() => file().pids[name] !== before, {
    deadlineMs: 15_000,
    what: `${name} to be started again`,
  })
}

/** The owner's sample class, word for word from the contract, made to be called. */
export const seedClass = async (): Promise<SeedClass> => {
  const guide = await readFile(new URL('../../../docs/websocket-events.fa.md', import.meta.url), 'utf8')
  const source = /class CampaignWebSocket \{[\s\S]*?\n\}\n/.exec(guide)?.[0]
  if (source === undefined) throw new Error('the guide has no class CampaignWebSocket')
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the class is the owner's text, run unchanged
  return new Function(
    'console',
    'WebSocket',
    'setTimeout',
    `${source}; return CampaignWebSocket`,
  ) as SeedClass
}

export type SeedClass = (
  console: { readonly log: (...parts: unknown[]) => void; readonly error: (...parts: unknown[]) => void },
  webSocket: unknown,
  timer: unknown,
) => new (campaignId: number, userId: number) => SeedClient

export interface SeedClient {
  connect(): void
  disconnect(): void
  socket: WebSocket | null
  handleMessage(event: { data: string }): void
}
