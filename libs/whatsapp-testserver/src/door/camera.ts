/** Reads a QR from a picture, as the camera of a phone does. */
import jsqr from 'jsqr'
import sharp from 'sharp'

/** The text of the QR in a data URL; undefined when there is none. */
export async function readQr(dataUrl: string): Promise<string | undefined> {
  const encoded = Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64')
  try {
    const picture = sharp(encoded, { limitInputPixels: 4_000_000 })
      .flatten({ background: '#fff' })
      .ensureAlpha()
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true })
    return jsqr.default(new Uint8ClampedArray(data), info.width, info.height)?.data
  } catch {
    return undefined
  }
}
