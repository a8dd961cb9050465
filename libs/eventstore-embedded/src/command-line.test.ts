import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { parseCommandLine, UsageError } from './command-line.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-line-'))
  writeFileSync(join(folder, 'password'), 'secret\n')
  writeFileSync(join(folder, 'empty'), '\n')
  writeFileSync(join(folder, 'pem'), 'PEM')
})

afterAll(() => rmSync(folder, { recursive: true }))

const parse = (line: string) => parseCommandLine(line.replaceAll('@', `${folder}/`).split(' '))

describe('a command line', () => {
  test('of a server in memory', () => {
    expect(parse('--port 0 --memory')).toEqual({ name: 'serve', options: { port: 0 }, stopWithParent: false })
  })

  test('of a protected server', () => {
    const line =
      '--port 2113 --data d --host 0.0.0.0 --user u --password-file @password --tls-cert @pem --tls-key @pem ' +
      '--admin-port 9 --scavenge-minutes 5 --stop-with-parent'
    expect(parse(line)).toEqual({
      name: 'serve',
      options: {
        port: 2113,
        dataDir: 'd',
        host: '0.0.0.0',
        credentials: { user: 'u', password: 'secret' },
        tls: { certificate: Buffer.from('PEM'), key: Buffer.from('PEM') },
        adminPort: 9,
        scavengeEveryMs: 300_000,
      },
      stopWithParent: true,
    })
  })

  test('of the other commands', () => {
    expect(parse('scavenge --data d')).toEqual({ name: 'scavenge', dataDir: 'd' })
    expect(parse('backup --data d --to f')).toEqual({ name: 'backup', dataDir: 'd', target: 'f' })
    expect(parse('--help')).toEqual({ name: 'help' })
  })

  test.each([
    ['--memory', '--port'],
    ['--port 0', '--data DIR or --memory'],
    ['--port 0 --memory --data d', '--data DIR or --memory'],
    ['--port x --memory', '--port'],
    ['--port 70000 --memory', '--port'],
    ['--port 0 --memory --scavenge-minutes 100000', '--scavenge-minutes'],
    ['--port 0 --memory --user u', '--password-file'],
    ['--port 0 --memory --user u --password-file @missing', 'cannot be read'],
    ['--port 0 --memory --user u --password-file @empty', 'no password'],
    ['--port 0 --memory --tls-key @pem', '--tls-cert'],
    ['--port 0 --memory --colour', '--colour'],
    ['scavenge', '--data'],
    ['backup --data d', '--to'],
    ['restore --data d', 'restore'],
    ['backup now --data d --to f', 'now'],
  ])('"%s" is refused and names %s', (line, named) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(named)
  })
})
