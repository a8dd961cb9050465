// A look into an xlsx file before anything opens it: a few kilobytes of zip can hold gigabytes.
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createInflateRaw } from 'node:zlib'

import { ProblemError } from '@peyk/service-kit'

export interface ZipLimits {
  /** All that is inside, unpacked. */
  readonly maxBytes: number
  /** The table of texts, which is held in memory. */
  readonly maxSharedStringsBytes: number
}

export const standardZipLimits: ZipLimits = {
  maxBytes: 512 * 1024 * 1024,
  maxSharedStringsBytes: 96 * 1024 * 1024,
}

interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly flags: number
  readonly packedBytes: number
  readonly offset: number
}

const END_RECORD = 0x06054b50
const END_RECORD_BYTES = 22
const MAX_COMMENT_BYTES = 0xffff
const CENTRAL_ENTRY = 0x02014b50
const CENTRAL_ENTRY_BYTES = 46
const LOCAL_ENTRY = 0x04034b50
const LOCAL_ENTRY_BYTES = 30
const MAX_DESCRIPTOR_BYTES = 24
const MAX_ENTRIES = 2_000
const MAX_DIRECTORY_BYTES = 1024 * 1024
const STORED = 0
const DEFLATED = 8
const ENCRYPTED_FLAG = 1
const DESCRIPTOR_FLAG = 8

const invalid = (detail: string, cause?: unknown): ProblemError =>
  new ProblemError('invalid_file', { detail, cause })
const damaged = (): ProblemError => invalid('the file is damaged: not a whole xlsx file')

/** Refuses what is no plain workbook, and what would unpack to more than the limits. */
export const guardWorkbook = async (path: string, limits: ZipLimits): Promise<void> => {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { entries, directoryOffset } = await readDirectory(file, size)
    guardContent(entries)
    await guardLayout(file, entries, directoryOffset)
    await guardSizes(path, file, entries, limits)
  } finally {
    await file.close()
  }
}

const readAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position })
  if (bytesRead < length) throw damaged()
  return buffer
}

const readDirectory = async (file: FileHandle, size: number) => {
  const tailBytes = Math.min(size, END_RECORD_BYTES + MAX_COMMENT_BYTES)
  const tail = await readAt(file, size - tailBytes, tailBytes)
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(END_RECORD)
  const end = tail.lastIndexOf(mark)
  if (end === -1 || end + END_RECORD_BYTES > tail.length) throw damaged()
  const count = tail.readUInt16LE(end + 10)
  const directoryBytes = tail.readUInt32LE(end + 12)
  const directoryOffset = tail.readUInt32LE(end + 16)
  if (count > MAX_ENTRIES || directoryBytes > MAX_DIRECTORY_BYTES)
    throw invalid('the xlsx file has too many parts')
  const entries = parseDirectory(await readAt(file, directoryOffset, directoryBytes), count)
  return { entries, directoryOffset }
}

const parseDirectory = (directory: Buffer, count: number): ZipEntry[] => {
  const entries: ZipEntry[] = []
  let at = 0
  for (let index = 0; index < count; index += 1) {
    if (at + CENTRAL_ENTRY_BYTES > directory.length || directory.readUInt32LE(at) !== CENTRAL_ENTRY)
      throw damaged()
    const nameBytes = directory.readUInt16LE(at + 28)
    const nameAt = at + CENTRAL_ENTRY_BYTES
    entries.push({
      name: directory.toString('utf8', nameAt, nameAt + nameBytes),
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      packedBytes: directory.readUInt32LE(at + 20),
      offset: directory.readUInt32LE(at + 42),
    })
    at = nameAt + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

const guardContent = (entries: readonly ZipEntry[]): void => {
  if (entries.some(({ flags }) => (flags & ENCRYPTED_FLAG) !== 0))
    throw invalid('the file is protected by a password')
  if (entries.some(({ name }) => name.toLowerCase().endsWith('vbaproject.bin')))
    throw invalid('files with macros are refused: save it as .xlsx')
  if (!entries.some(({ name }) => name === 'xl/workbook.xml')) throw invalid('not an xlsx file')
  if (entries.some(({ method }) => method !== STORED && method !== DEFLATED)) throw damaged()
}

/** A reader that goes from part to part must see the same parts as the directory: nothing hidden, nothing shared. */
const guardLayout = async (
  file: FileHandle,
  entries: readonly ZipEntry[],
  directoryOffset: number,
): Promise<void> => {
  let end = 0
  let slack = 0
  for (const entry of entries.toSorted((one, other) => one.offset - other.offset)) {
    if (entry.offset < end || entry.offset > end + slack) throw damaged()
    end = (await dataOffsetOf(file, entry)) + entry.packedBytes
    slack = (entry.flags & DESCRIPTOR_FLAG) === 0 ? 0 : MAX_DESCRIPTOR_BYTES
  }
  if (directoryOffset < end || directoryOffset > end + slack) throw damaged()
}

const dataOffsetOf = async (file: FileHandle, { name, offset }: ZipEntry): Promise<number> => {
  const header = await readAt(file, offset, LOCAL_ENTRY_BYTES)
  const nameBytes = header.readUInt16LE(26)
  const localName = await readAt(file, offset + LOCAL_ENTRY_BYTES, nameBytes)
  if (header.readUInt32LE(0) !== LOCAL_ENTRY || localName.toString('utf8') !== name) throw damaged()
  return offset + LOCAL_ENTRY_BYTES + nameBytes + header.readUInt16LE(28)
}

/** Unpacks everything once and keeps nothing: what a zip says of its sizes may be a lie. */
const guardSizes = async (
  path: string,
  file: FileHandle,
  entries: readonly ZipEntry[],
  limits: ZipLimits,
): Promise<void> => {
  let left = limits.maxBytes
  for (const entry of entries) {
    const isTexts = entry.name.toLowerCase() === 'xl/sharedstrings.xml'
    const limit = isTexts ? Math.min(left, limits.maxSharedStringsBytes) : left
    left -= await unpackedBytes(path, await dataOffsetOf(file, entry), entry, limit)
  }
}

const unpackedBytes = async (
  path: string,
  start: number,
  entry: ZipEntry,
  limit: number,
): Promise<number> => {
  if (entry.packedBytes === 0) return 0
  const packed = createReadStream(path, { start, end: start + entry.packedBytes - 1 })
  const content = entry.method === STORED ? packed : packed.pipe(createInflateRaw())
  packed.once('error', (error) => content.destroy(error))
  let bytes = 0
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > limit) throw invalid('the file unpacks to more than is allowed')
    }
  } catch (error) {
    throw error instanceof ProblemError ? error : invalid('the file is damaged', error)
  } finally {
    packed.destroy()
    content.destroy()
  }
  return bytes
}
