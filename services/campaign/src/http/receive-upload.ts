// An upload on its way to disk, bounded; and a JSON body in its place.
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { importRecipientsRequest } from '@peyk/contracts'
import { fieldErrorsOf, ProblemError } from '@peyk/service-kit'
import busboy from 'busboy'

import { type ImportRow, nameRecords, nameRows } from '../imports/columns.ts'
import { readCsv } from '../imports/read-csv.ts'
import { readXlsx } from '../imports/read-xlsx.ts'

export interface UploadLimits {
  readonly folder: string
  readonly maxFileBytes: number
  readonly maxJsonBytes: number
}

export interface ReceivedList {
  readonly rows: AsyncIterable<ImportRow>
  /** SHA-256 of what was sent. */
  readonly digest: string
  /** Deletes what is on disk. */
  readonly discard: () => Promise<void>
}

const FIELD = 'recipientsFile'
const ZIP = Buffer.from('PK\x03\x04')
const OLD_EXCEL = Buffer.from([0xd0, 0xcf, 0x11, 0xe0])

/** Takes the recipients of a request, as a file or as JSON. */
export const receiveList = async (request: IncomingMessage, limits: UploadLimits): Promise<ReceivedList> => {
  const type = (request.headers['content-type'] ?? '').toLowerCase()
  if (type.startsWith('multipart/form-data')) return receiveFile(request, limits)
  if (/^application\/([\w.-]+\+)?json\b/.test(type)) {
    const records = await receiveJson(request, limits.maxJsonBytes)
    const digest = createHash('sha256').update(JSON.stringify(records)).digest('base64')
    return { rows: nameRecords(records), digest, discard: () => Promise.resolve() }
  }
  throw new ProblemError('unsupported_media_type', {
    detail: `send multipart/form-data with the file in ${FIELD}, or application/json`,
  })
}

const receiveFile = async (request: IncomingMessage, limits: UploadLimits): Promise<ReceivedList> => {
  await mkdir(limits.folder, { recursive: true })
  const path = join(limits.folder, randomUUID())
  const discard = () => rm(path, { force: true })
  try {
    const digest = await storeFile(request, path, limits.maxFileBytes)
    return { rows: nameRows(await sheetOf(path)), digest, discard }
  } catch (error) {
    await discard()
    throw error
  }
}

const tooLarge = (maxBytes: number) =>
  new ProblemError('payload_too_large', {
    detail: `at most ${maxBytes} bytes`,
    // The rest is not read: the connection cannot be used again.
    headers: { connection: 'close' },
  })

const badForm = (detail: string, cause?: unknown) =>
  new ProblemError('invalid_request', {
    errors: [{ path: FIELD, code: 'invalid_type', message: detail }],
    cause,
  })

/** Streams the one file of a form to disk; answers its SHA-256. */
const storeFile = async (request: IncomingMessage, path: string, maxBytes: number): Promise<string> => {
  const form = openForm(request, maxBytes)
  const files: Promise<string>[] = []
  form.on('file', (name, file) => {
    if (name !== FIELD || files.length > 0) {
      // It ends with the form, whose error is told.
      file.on('error', () => undefined).resume()
      return
    }
    const stored = writeBounded(file, path, maxBytes)
    files.push(stored)
    stored.catch((error: unknown) => form.destroy(error instanceof Error ? error : undefined))
  })
  try {
    await readWhole(request, form)
    const [digest] = await Promise.all(files)
    if (digest !== undefined) return digest
  } catch (error) {
    throw error instanceof ProblemError ? error : badForm('the form is not whole', error)
  }
  throw badForm(`the form has no file ${FIELD}`)
}

/** The request itself is never destroyed: its connection still has to carry the answer. */
const readWhole = async (request: IncomingMessage, form: busboy.Busboy): Promise<void> => {
  const read = Promise.withResolvers<undefined>()
  const cut = () => {
    if (!request.complete) form.destroy(new Error('the connection was cut'))
  }
  form.once('close', () => read.resolve(undefined))
  // More than one may come; the first is told.
  form.on('error', (error) => read.reject(error instanceof Error ? error : new Error('not a form')))
  request.once('close', cut)
  request.pipe(form)
  try {
    await read.promise
  } finally {
    request.off('close', cut)
    request.unpipe(form)
    request.resume()
  }
}

const openForm = (request: IncomingMessage, maxBytes: number) => {
  try {
    return busboy({
      headers: request.headers,
      // One byte more than is allowed tells a file of the limit from one beyond it.
      limits: { fileSize: maxBytes + 1, files: 4, fields: 20, fieldSize: 1_024, parts: 24 },
    })
  } catch (error) {
    throw badForm('not a form', error)
  }
}

const writeBounded = async (file: Readable, path: string, maxBytes: number): Promise<string> => {
  const hash = createHash('sha256')
  let bytes = 0
  await pipeline(
    file,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        bytes += chunk.length
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
  )
  return hash.digest('base64')
}

const sheetOf = async (path: string) => {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4), position: 0 })
    const head = buffer.subarray(0, bytesRead)
    if (head.equals(OLD_EXCEL))
      throw new ProblemError('invalid_file', {
        detail: 'old or protected Excel files are refused: save it as .xlsx without a password, or as .csv',
      })
    return head.equals(ZIP) ? readXlsx(path) : readCsv(path)
  } finally {
    await file.close()
  }
}

const receiveJson = async (request: IncomingMessage, maxBytes: number) => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  const parsed = importRecipientsRequest.safeParse(parseJson(Buffer.concat(chunks).toString('utf8')))
  if (!parsed.success) throw new ProblemError('invalid_request', { errors: fieldErrorsOf(parsed.error) })
  return parsed.data.recipients
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new ProblemError('invalid_json', { cause: error })
  }
}
