// A zip file as a stream: an entry is deflated while it is read, and its sizes stand behind it (APPNOTE 4.3.9).
import { pipeline, Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly pieces: Iterable<Buffer>
}

/** What is known of an entry once it has been read. */
interface Sums {
  crc: number
  packed: number
  plain: number
}

const LOCAL_HEADER = 0x04034b50
const SIZES = 0x08074b50
const CENTRAL_HEADER = 0x02014b50
const END = 0x06054b50
const VERSION = 20
/** The sizes stand behind the data, and the name is UTF-8. */
const FLAGS = 0x0808
const DEFLATED = 8
/** The first day that the format knows: the same entries give the same bytes at any time. */
const FIRST_DAY = 0x0021

/** Up to 4 GiB. Nothing is read ahead of the reader, so memory does not grow with the file. */
export async function* zipOf(entries: Iterable<ZipEntry>): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const sums: Sums = { crc: 0, packed: 0, plain: 0 }
    const header = bytesOf([4, LOCAL_HEADER], ...common({ crc: 0, packed: 0, plain: 0 }, name), [2, 0])
    yield Buffer.concat([header, name])
    yield* deflated(entry.pieces, sums)
    const sizes = bytesOf([4, SIZES], [4, sums.crc], [4, sums.packed], [4, sums.plain])
    yield sizes
    const place = bytesOf([2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset])
    directory.push(bytesOf([4, CENTRAL_HEADER], [2, VERSION], ...common(sums, name)), place, name)
    offset += header.length + name.length + sums.packed + sizes.length
  }
  const central = Buffer.concat(directory)
  yield central
  const count = directory.length / 3
  yield bytesOf([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, central.length], [4, offset], [2, 0])
}

/** A number as so many bytes. */
type Field = readonly [bytes: 2 | 4, value: number]

/** What both headers of an entry say of it. */
const common = ({ crc, packed, plain }: Sums, name: Buffer): readonly Field[] => [
  [2, VERSION],
  [2, FLAGS],
  [2, DEFLATED],
  [2, 0],
  [2, FIRST_DAY],
  [4, crc],
  [4, packed],
  [4, plain],
  [2, name.length],
]

const bytesOf = (...fields: readonly Field[]): Buffer =>
  Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes)
      field.writeUIntLE(value, 0, bytes)
      return field
    }),
  )

async function* deflated(pieces: Iterable<Buffer>, sums: Sums): AsyncGenerator<Buffer> {
  const source = Readable.from(counted(pieces, sums), { objectMode: false })
  // An error of the source destroys what is read here, which throws it.
  const packed = pipeline(source, createDeflateRaw({ level: 1 }), () => undefined)
  for await (const bytes of packed as AsyncIterable<Buffer>) {
    sums.packed += bytes.length
    yield bytes
  }
}

function* counted(pieces: Iterable<Buffer>, sums: Sums): Iterable<Buffer> {
  for (const bytes of pieces) {
    sums.crc = crc32(bytes, sums.crc)
    sums.plain += bytes.length
    yield bytes
  }
}
