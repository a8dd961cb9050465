import { Console } from 'node:console'
import { PassThrough } from 'node:stream'
import { runInThisContext } from 'node:vm'

import { expect, test } from '@jest/globals'

import { quietLibsignal } from './quiet-libsignal.ts'

test('the lines of libsignal are dropped, those of others pass', () => {
  const output = new PassThrough()
  const target = new Console(output)
  quietLibsignal(target)
  quietLibsignal(target)
  target.info('of us')
  const asLibsignal: unknown = runInThisContext('(target) => target.info("a session")', {
    filename: '/x/libsignal/src/y.js',
  })
  if (typeof asLibsignal === 'function') Reflect.apply(asLibsignal, undefined, [target])
  expect(String(output.read())).toBe('of us\n')
})
