// [12] With user and password: the client sends them over TLS alone, so the server gets a certificate for this run.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEventStoreServer } from '@peyk/eventstore-embedded'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { collect, listen, newEvents, newName } from './contract/contract-context.ts'
import { connectEventStore } from './esdb/connect-event-store.ts'
import { EventStoreAccessDenied } from './event-store-errors.ts'

const run = promisify(execFile)
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
)
const describeWithTls = hasOpenssl ? describe : describe.skip

describeWithTls('[12] user and password (needs openssl)', () => {
  let folder: TemporaryFolder
  let server: Awaited<ReturnType<typeof startEventStoreServer>>

  beforeAll(async () => {
    folder = await temporaryFolder()
    const [certificate, key] = [join(folder.path, 'certificate.pem'), join(folder.path, 'key.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate])
    server = await startEventStoreServer({
      credentials: { user: 'peyk', password: 'se:cret' },
      tls: { certificate: await readFile(certificate), key: await readFile(key) },
    })
  })

  afterAll(async () => {
    await server.close()
    await folder.remove()
  })

  const connect = (password: string) => {
    const certificate = encodeURIComponent(join(folder.path, 'certificate.pem'))
    const login = `peyk:${encodeURIComponent(password)}`
    return connectEventStore(`esdb://${login}@localhost:${server.port}?tls=true&tlsCAFile=${certificate}`)
  }

  test('[12] every request carries them', async () => {
    const store = connect('se:cret')
    const name = newName()
    const listener = listen(store, { streamPrefixes: [name] })
    await store.append(name, newEvents(3), { expectedRevision: 'no-stream' })
    await store.setStreamMetadata(name, { maxCount: 2 })
    expect(await collect(store.readStream(name))).toHaveLength(2)
    await eventually(() => listener.events.length === 3)
    await store.health()
    await store.deleteStream(name)
    await listener.stop()
    await store.close()
  })

  test('[12] wrong ones are refused, as such', async () => {
    const store = connect('guess')
    const trials = [
      store.append(newName(), newEvents(1), { expectedRevision: 'any' }),
      collect(store.readStream(newName())),
      store.deleteStream(newName()),
      store.health(),
    ]
    for (const trial of await Promise.allSettled(trials)) {
      expect(trial).toMatchObject({ reason: expect.any(EventStoreAccessDenied) })
    }
    await store.close()
  })
})
