/** Draws a QR as a PNG. */
import QRCode from 'qrcode'
import sharp from 'sharp'

const PIXELS_A_MODULE = 4
/** The white frame that cameras want. */
const QUIET_MODULES = 2
const WHITE = 255

/** The picture as a data URL. (The package that makes the modules draws them too, but twenty times slower.) */
export async function qrPicture(text: string): Promise<string> {
  const { size, data } = QRCode.create(text).modules
  const side = size + 2 * QUIET_MODULES
  const grey = Buffer.alloc(side * side, WHITE)
  for (let index = 0; index < size * size; index++) {
    const row = QUIET_MODULES + Math.floor(index / size)
    if (data[index]) grey[row * side + QUIET_MODULES + (index % size)] = 0
  }
  const png = await sharp(grey, { raw: { width: side, height: side, channels: 1 } })
    .resize(side * PIXELS_A_MODULE, side * PIXELS_A_MODULE, { kernel: 'nearest' })
    .png()
    .toBuffer()
  return `data:image/png;base64,${png.toString('base64')}`
}
