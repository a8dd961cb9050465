// One file for each version of the rows: a new version is built beside the old one, which stays as it is until the new
// one has everything. A release that is taken back meanwhile finds its rows, and has only what is new to read.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { DiscardReason, ReadModel } from '@peyk/read-model'
import { openReadModel } from '@peyk/read-model'

import { REPORTING_VERSION, reportingSchema } from '../projections/schema.ts'

const NAME = /^reporting(-\d+)?\.sqlite(-wal|-shm)?$/

export const rowsFileOf = (version: number): string => `reporting-${version}.sqlite`

export const openRows = (folder: string, onDiscarded: (reason: DiscardReason) => void): ReadModel =>
  openReadModel({
    file: join(folder, rowsFileOf(REPORTING_VERSION)),
    name: 'reporting',
    version: REPORTING_VERSION,
    schema: reportingSchema,
    onDiscarded,
  })

/** Once the rows have everything: the files of other versions are of no use any more. Returns their names. */
export const removeOtherVersions = (folder: string): readonly string[] => {
  const own = rowsFileOf(REPORTING_VERSION)
  const others = readdirSync(folder).filter((file) => NAME.test(file) && !file.startsWith(own))
  for (const file of others) rmSync(join(folder, file), { force: true })
  return others
}
