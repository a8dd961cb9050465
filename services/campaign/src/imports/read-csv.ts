// CSV as spreadsheets write it: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1256.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'

import { ProblemError } from '@peyk/service-kit'
import { CsvError, parse } from 'csv-parse'

import type { SheetRow } from './columns.ts'

const MAX_RECORD_CHARACTERS = 256 * 1024
const delimiters = [',', ';', '\t'] as const

type Encoding = 'utf-8' | 'utf-16le' | 'windows-1256'

/** Streams the rows of a file; the byte order mark is not one of its characters. */
export async function* readCsv(path: string): AsyncGenerator<SheetRow> {
  const encoding = await encodingOf(path)
  const parser = parse({
    delimiter: delimiterOf(await firstLine(path, encoding)),
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_RECORD_CHARACTERS,
  })
  const source = Readable.from(textOf(path, encoding))
  source.once('error', (error) => parser.destroy(error))
  source.pipe(parser)
  try {
    let row = 0
    for await (const cells of parser as AsyncIterable<string[]>) {
      row += 1
      yield { row, cells }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? ` near line ${error['lines']}` : ''
    throw new ProblemError('invalid_file', { detail: `not a valid csv file${line}`, cause: error })
  } finally {
    source.destroy()
    parser.destroy()
  }
}

/** Valid UTF-8 is UTF-8; what is not was written by an old Windows. */
const encodingOf = async (path: string): Promise<Encoding> => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isUtf8 = true
  let isFirst = true
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    if (isFirst && chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le'
    isFirst = false
    if (chunk.includes(0)) throw new ProblemError('invalid_file', { detail: 'not a text file' })
    isUtf8 &&= decodes(decoder, chunk)
  }
  return isUtf8 && decodes(decoder) ? 'utf-8' : 'windows-1256'
}

/** Without a chunk: whether the text ends in a whole character. */
const decodes = (decoder: TextDecoder, chunk?: Buffer): boolean => {
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch {
    return false
  }
}

async function* textOf(path: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}

const firstLine = async (path: string, encoding: Encoding): Promise<string> => {
  let text = ''
  for await (const part of textOf(path, encoding)) {
    text += part
    const line = /^\s*([^\r\n]+)[\r\n]/u.exec(text)?.[1]
    if (line !== undefined) return line
    if (text.length > MAX_RECORD_CHARACTERS) break
  }
  return text
}

/** The one that the header has most of, outside quotes. */
const delimiterOf = (header: string): string => {
  const bare = header.replace(/"[^"]*"/gu, '')
  const counts = delimiters.map((delimiter) => ({ delimiter, count: bare.split(delimiter).length }))
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter
}
