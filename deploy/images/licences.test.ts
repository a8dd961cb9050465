// What runs in the images stands under licences that somebody has looked at: docs/licences.md.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const free =
  /^\(?(MIT|MIT\/X11|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|BlueOak-1\.0\.0|Unlicense|Zlib|CC0-1\.0|Python-2\.0)\b/
/** Looked at one by one. */
const known = new Map([
  ['libsignal', 'GPL-3.0'],
  ['buffers', 'not stated'],
])
const knownFamilies = [{ name: /^@img\/sharp-/, licence: /LGPL-3\.0-or-later/ }]

interface Locked {
  readonly license?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
}

const licenceOf = async (path: string, locked: Locked): Promise<string> => {
  if (locked.license !== undefined) return locked.license
  const file = join(root, path, 'package.json')
  if (!existsSync(file)) return 'not stated'
  const { license, licenses } = JSON.parse(await readFile(file, 'utf8')) as {
    license?: string
    /** As packages said it long ago. */
    licenses?: readonly { type?: string }[]
  }
  return license ?? licenses?.[0]?.type ?? 'not stated'
}

const isLookedAt = (name: string, licence: string): boolean =>
  free.test(licence) ||
  known.get(name) === licence ||
  knownFamilies.some((family) => family.name.test(name) && family.licence.test(licence))

test('every package that runs has a licence that was looked at', async () => {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const running = Object.entries(lock.packages).filter(
    ([path, { link, dev, devOptional }]) =>
      path.includes('node_modules/') && link !== true && dev !== true && devOptional !== true,
  )
  const strange: string[] = []
  for (const [path, locked] of running) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const licence = await licenceOf(path, locked)
    if (!isLookedAt(name, licence)) strange.push(`${name}: ${licence}`)
  }
  expect(strange).toEqual([])
})
