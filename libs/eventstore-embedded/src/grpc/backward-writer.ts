const VARINT = 0
const LENGTH_DELIMITED = 2

/**
 * Writes protobuf from the end of a buffer to its front: what is inside a message is written before its length is
 * needed, so one pass does. Field numbers are below 16, and the buffer is large enough: both are the caller's part.
 */
export class BackwardWriter {
  /** Where the last thing written begins. */
  at: number
  private readonly buffer: Buffer

  constructor(buffer: Buffer) {
    this.buffer = buffer
    this.at = buffer.length
  }

  /** A copy of all that was written. */
  written(): Buffer {
    return Buffer.from(this.buffer.subarray(this.at))
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(field: number, value: number): void {
    this.varint(value)
    this.tag(field, VARINT)
  }

  /** A 64-bit number with a sign, or one beyond JavaScript's. */
  bigNumber(field: number, value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    const digits = [Number(rest & 0x7fn)]
    while ((rest >>= 7n) > 0n) digits.push(Number(rest & 0x7fn))
    let more = 0
    for (const digit of digits.reverse()) {
      this.buffer[(this.at -= 1)] = digit | more
      more = 0x80
    }
    this.tag(field, VARINT)
  }

  text(field: number, value: string): void {
    const end = this.at
    this.at -= Buffer.byteLength(value)
    this.buffer.write(value, this.at)
    this.message(field, end)
  }

  bytes(field: number, value: Uint8Array): void {
    const end = this.at
    this.at -= value.length
    this.buffer.set(value, this.at)
    this.message(field, end)
  }

  /** Makes all that was written since `end` the content of a field: a message, a text or bytes. */
  message(field: number, end: number): void {
    this.varint(end - this.at)
    this.tag(field, LENGTH_DELIMITED)
  }

  private tag(field: number, wireType: number): void {
    this.buffer[(this.at -= 1)] = (field << 3) | wireType
  }

  /** The digits are of base 128, the lowest comes first, and all but the last say that there are more. */
  private varint(value: number): void {
    let digits = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) digits += 1
    this.at -= digits
    let rest = value
    for (let index = 0; index < digits; index += 1) {
      const more = index < digits - 1 ? 0x80 : 0
      this.buffer[this.at + index] = (rest % 128) | more
      rest = Math.floor(rest / 128)
    }
  }
}
