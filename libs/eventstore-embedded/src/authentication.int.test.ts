import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { AccessDeniedError } from '@eventstore/db-client'
import { describe, expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { startEventStoreServer } from './start.ts'
import { connect, counted, countsOf } from './testing/client.ts'
import { selfSignedCertificate } from './testing/self-signed-certificate.ts'

const CREDENTIALS = { user: 'peyk', password: 'p:ä%ss' }

/** A server that wants a password, and the address by which a user reaches it. */
async function protectedServer() {
  const folder = await temporaryFolder()
  const { certificate, key } = selfSignedCertificate()
  const caFile = join(folder.path, 'ca.pem')
  await writeFile(caFile, certificate)
  const server = await startEventStoreServer({
    credentials: CREDENTIALS,
    tls: { certificate: Buffer.from(certificate), key: Buffer.from(key) },
  })
  const urlFor = (userInfo: string) =>
    `esdb://${userInfo}127.0.0.1:${server.port}?tls=true&tlsCAFile=${encodeURIComponent(caFile)}`
  const close = async () => {
    await server.close()
    await folder.remove()
  }
  return { urlFor, [Symbol.asyncDispose]: close }
}

describe('a server with a password', () => {
  test('serves who has it, by both ways to append', async () => {
    await using server = await protectedServer()
    await using connection = connect(server.urlFor(`peyk:${encodeURIComponent(CREDENTIALS.password)}@`))
    const { client } = connection
    await client.appendToStream('a', counted(1))
    const credentials = { username: CREDENTIALS.user, password: CREDENTIALS.password }
    await client.appendToStream('a', counted(2), { credentials })
    expect(await countsOf(client.readStream('a'))).toEqual([1, 2])
    expect(await countsOf(client.subscribeToStream('a'), 2)).toEqual([1, 2])
  })

  test.each(['', 'peyk:wrong@', 'other:p%3A%C3%A4%25ss@'])('refuses "%s" in every call', async (userInfo) => {
    await using server = await protectedServer()
    await using connection = connect(server.urlFor(userInfo))
    const { client } = connection
    await expect(client.appendToStream('a', counted(1))).rejects.toThrow(AccessDeniedError)
    await expect(countsOf(client.readStream('a'))).rejects.toThrow(AccessDeniedError)
    await expect(client.deleteStream('a')).rejects.toThrow(AccessDeniedError)
    await expect(client.tombstoneStream('a')).rejects.toThrow(AccessDeniedError)
    await expect(countsOf(client.subscribeToAll())).rejects.toThrow(AccessDeniedError)
  })
})

describe('a server does not start', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org'])('on %s without a password', async (host) => {
    await expect(startEventStoreServer({ host })).rejects.toThrow(/loopback/)
  })

  test('with a password that would travel in the clear', async () => {
    await expect(startEventStoreServer({ credentials: CREDENTIALS })).rejects.toThrow(/TLS/)
  })
})
