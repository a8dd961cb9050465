import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'

import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'

import { secretSetting, setting } from '../config/settings.ts'
import { createLogger } from '../log/logger.ts'
import { EXIT_BAD_SETTINGS, type Host, runService, type Scope } from './run-service.ts'

const settings = z.object({
  COLOUR: setting('A colour.', z.string().default('blue')),
  KEY: secretSetting('A key.', z.string().optional()),
})
type TestScope = Scope<z.output<typeof settings>>

/** A process of its own for each test: signals are emitted, exits and lines recorded. */
function testHost(environment: Record<string, string> = {}, args: readonly string[] = []) {
  const emitter = new EventEmitter()
  const lines: string[] = []
  const exits: number[] = []
  const printed: string[] = []
  const host: Host = {
    environment: { ADMIN_PORT: '0', STOP_DEADLINE: '5s', ...environment },
    arguments: args,
    on: (event, listener) => emitter.on(event, listener),
    off: (event, listener) => emitter.off(event, listener),
    exit: (code) => exits.push(code),
    print: (text) => printed.push(text),
    log: createLogger({ name: 'test', level: 'debug', destination: { write: (line) => lines.push(line) } }),
  }
  return {
    emitter,
    lines,
    exits,
    printed,
    host,
    events: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
  }
}

function run(start: (scope: TestScope) => void | Promise<void>, environment: Record<string, string> = {}) {
  const world = testHost(environment)
  const service = runService({ name: 'test', adminPort: 9_464, settings, start }, world.host)
  if (service === undefined) throw new Error(`did not start: ${world.printed.join('')}`)
  return { ...world, service }
}

describe('a stop', () => {
  test('releases last-in first-out, once, and exits with 0', async () => {
    const released: string[] = []
    const { service, emitter, exits, events } = run(({ onStop }) => {
      for (const name of ['database', 'broker', 'server']) onStop(name, () => released.push(name))
    })
    await service.started
    emitter.emit('SIGTERM', 'SIGTERM')
    expect(await service.stopped).toBe(0)
    expect(await Promise.all([service.stop(), service.stop()])).toEqual([0, 0])
    expect(released).toEqual(['server', 'broker', 'database'])
    expect(exits).toEqual([0])
    expect(events()).toEqual(['started', 'stopping', 'stopped'])
    expect(emitter.eventNames()).toEqual([])
  })

  test('turns readiness off before the first release', async () => {
    let admin = ''
    const states: unknown[] = []
    const readyz = async () => states.push(await (await fetch(`${admin}/readyz`)).json())
    const { service, lines } = run(({ onStop, readiness }) => {
      readiness.add('nats', () => undefined)
      onStop('server', readyz)
    })
    await service.started
    admin = (JSON.parse(lines[0] ?? '') as { admin: string }).admin
    await readyz()
    await service.stop()
    expect(states).toMatchObject([
      { ready: true, state: 'running', checks: { nats: { ok: true } } },
      { ready: false, state: 'stopping' },
    ])
  })

  test('waits for slow work', async () => {
    const finished: string[] = []
    const work = Promise.withResolvers<undefined>()
    const { service } = run(({ onStop }) =>
      onStop('handler', async () => {
        await work.promise
        finished.push('work')
      }),
    )
    await service.started
    const stopped = service.stop()
    await turn()
    expect(finished).toEqual([])
    work.resolve(undefined)
    expect(await stopped).toBe(0)
    expect(finished).toEqual(['work'])
  })

  test('goes on after a release that fails, and exits with 1', async () => {
    const released: string[] = []
    const { service, events } = run(({ onStop }) => {
      onStop('database', () => released.push('database'))
      onStop('broker', () => Promise.reject(new Error('no')))
      onStop('server', () => {
        throw new Error('no')
      })
    })
    await service.started
    expect(await service.stop()).toBe(1)
    expect(released).toEqual(['database'])
    expect(events().filter((event) => event === 'release_failed')).toHaveLength(2)
  })

  test('ends at the deadline and names what hung', async () => {
    const hang = Promise.withResolvers<undefined>()
    const { service, lines, exits } = run(({ onStop }) => onStop('stuck part', () => hang.promise), {
      STOP_DEADLINE: '50ms',
    })
    await service.started
    expect(await service.stop()).toBe(1)
    expect(lines.find((line) => line.includes('stop_deadline_passed'))).toContain('"release":"stuck part"')
    hang.resolve(undefined)
    await turn()
    expect(exits).toEqual([1])
  })
})

describe('a signal during the start', () => {
  test('aborts it, and what it opened is released', async () => {
    const released: string[] = []
    const { service, emitter, events } = run(async ({ onStop, signal }) => {
      onStop('first', () => released.push('first'))
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    })
    await turn()
    emitter.emit('SIGINT', 'SIGINT')
    expect(await service.stopped).toBe(0)
    expect(released).toEqual(['first'])
    expect(events()).not.toContain('started')
  })

  test('ends it at its next onStop, which is released too', async () => {
    const released: string[] = []
    const opened = Promise.withResolvers<undefined>()
    const { service, emitter } = run(async ({ onStop }) => {
      await opened.promise
      onStop('late', () => released.push('late'))
      released.push('not reached')
    })
    await turn()
    emitter.emit('SIGTERM', 'SIGTERM')
    opened.resolve(undefined)
    expect(await service.stopped).toBe(0)
    expect(released).toEqual(['late'])
  })

  test('does not wait for ever for a start that ignores it', async () => {
    const released: string[] = []
    const hang = Promise.withResolvers<undefined>()
    const { service } = run(
      async ({ onStop }) => {
        onStop('first', () => released.push('first'))
        await hang.promise
        onStop('too late', () => released.push('too late'))
      },
      { STOP_DEADLINE: '200ms' },
    )
    await turn()
    expect(await service.stop()).toBe(0)
    expect(released).toEqual(['first'])
    hang.resolve(undefined)
    await service.started
    expect(released).toEqual(['first', 'too late'])
  })
})

describe('a failure', () => {
  test('of the start releases what was opened and exits with 1', async () => {
    const released: string[] = []
    const { service, events } = run(({ onStop }) => {
      onStop('first', () => released.push('first'))
      throw new Error('no broker')
    })
    expect(await service.stopped).toBe(1)
    expect(released).toEqual(['first'])
    expect(events()).toContain('start_failed')
  })

  test.each(['uncaughtException', 'unhandledRejection'])('%s is logged and stops with 1', async (event) => {
    const { service, emitter, lines } = run(({ onStop }) => onStop('part', () => undefined))
    await service.started
    emitter.emit(event, new Error('a bug'))
    expect(await service.stopped).toBe(1)
    expect(lines.join('')).toContain('a bug')
  })

  test('of a part stops with 1', async () => {
    let fail: TestScope['fail'] = () => undefined
    const { service, events } = run((scope) => {
      fail = scope.fail
    })
    await service.started
    fail(new Error('the feed is broken'))
    expect(await service.stopped).toBe(1)
    expect(events()).toContain('part_failed')
  })
})

describe('settings', () => {
  const define = { name: 'test', adminPort: 9_464, settings, start: () => undefined }

  test('that are bad stop the start; those of the process and of the service are named together', () => {
    const { host, exits, printed } = testHost({ ADMIN_PORT: 'x', LOG_LEVEL: 'loud' })
    const demanding = {
      ...define,
      settings: z.object({ MUST: setting('Needed.', z.string()) }),
      start: () => undefined,
    }
    expect(runService(demanding, host)).toBeUndefined()
    expect(exits).toEqual([EXIT_BAD_SETTINGS])
    for (const key of ['ADMIN_PORT', 'LOG_LEVEL', 'MUST: is missing (Needed.)'])
      expect(printed.join('')).toContain(key)
  })

  test('--print-config shows them all, hides secrets and starts nothing', () => {
    const { host, exits, printed } = testHost({ KEY: 'open-sesame', COLOUR: 'red' }, ['--print-config'])
    expect(runService(define, host)).toBeUndefined()
    expect(exits).toEqual([0])
    expect(JSON.parse(printed.join(''))).toMatchObject({
      STOP_DEADLINE: { value: '5s' },
      COLOUR: { value: 'red', about: 'A colour.' },
      KEY: { value: '[hidden]' },
    })
  })
})
