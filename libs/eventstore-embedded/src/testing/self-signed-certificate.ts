import { createSign, generateKeyPairSync } from 'node:crypto'

/** A certificate for 127.0.0.1 with its key, as PEM: X.509 in the few DER pieces that it takes. */
export function selfSignedCertificate(): { certificate: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(ECDSA_WITH_SHA256)
  const name = sequence(
    der(0x31, sequence(Buffer.concat([COMMON_NAME, der(0x0c, Buffer.from('127.0.0.1'))]))),
  )
  const validity = sequence(Buffer.concat([time('200101000000Z'), time('491231235959Z')]))
  const address = sequence(der(0x87, Buffer.from([127, 0, 0, 1])))
  const extension = sequence(Buffer.concat([ALTERNATIVE_NAME, der(0x04, address)]))
  const body = sequence(
    Buffer.concat([
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.from([1])),
      algorithm,
      name,
      validity,
      name,
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extension)),
    ]),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), signature]))
  const certificate = sequence(Buffer.concat([body, algorithm, bits])).toString('base64')
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex')

function time(text: string): Buffer {
  return der(0x17, Buffer.from(text))
}

function sequence(content: Buffer): Buffer {
  return der(0x30, content)
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
