// Files for the tests of imports: real ones, written as other programs write them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'

import excel from 'exceljs'

import { type ImportRow, nameRows, type SheetRow } from '../columns.ts'

export const writeText = async (folder: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, 'list.csv')
  await writeFile(path, content)
  return path
}

export const writeWorkbook = async (
  folder: string,
  rows: readonly (readonly excel.CellValue[])[],
  change?: (sheet: excel.Worksheet) => void,
): Promise<string> => {
  const path = join(folder, 'list.xlsx')
  const workbook = new excel.Workbook()
  const sheet = workbook.addWorksheet('list')
  for (const row of rows) sheet.addRow([...row])
  change?.(sheet)
  await workbook.xlsx.writeFile(path)
  return path
}

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export const namedRows = (sheet: AsyncIterable<SheetRow>): Promise<ImportRow[]> => collect(nameRows(sheet))

interface Part {
  readonly name: string
  readonly content: Buffer
}

/** A zip of parts, byte by byte, so that a test can make what no program would write. */
export const zipOf = (parts: readonly Part[]): Buffer => {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content } of parts) {
    const packed = deflateRawSync(content)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(crc32(content), 0)
    sizes.writeUInt32LE(packed.length, 4)
    sizes.writeUInt32LE(content.length, 8)
    const local = Buffer.concat([zipLocal(name, sizes), packed])
    locals.push(local)
    directory.push(zipCentral(name, sizes, offset))
    offset += local.length
  }
  const central = Buffer.concat(directory)
  return Buffer.concat([...locals, central, zipEnd(parts.length, central.length, offset)])
}

const DEFLATED = 8

const zipLocal = (name: string, sizes: Buffer): Buffer => {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(DEFLATED, 8)
  sizes.copy(header, 14)
  header.writeUInt16LE(Buffer.byteLength(name), 26)
  return Buffer.concat([header, Buffer.from(name)])
}

const zipCentral = (name: string, sizes: Buffer, offset: number): Buffer => {
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(20, 6)
  header.writeUInt16LE(DEFLATED, 10)
  sizes.copy(header, 16)
  header.writeUInt16LE(Buffer.byteLength(name), 28)
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, Buffer.from(name)])
}

const zipEnd = (count: number, bytes: number, offset: number): Buffer => {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(bytes, 12)
  end.writeUInt32LE(offset, 16)
  return end
}
