import { expect, test } from '@jest/globals'
import QRCode from 'qrcode'

import { drawQr } from './terminal-qr.ts'

const TEXT = `https://wa.me/settings/linked_devices#2@${'q7Rk'.repeat(40)},AbCd=,EfGh=,IjKl=`

test('a picture of a QR is drawn as the same QR', async () => {
  const picture = await QRCode.toDataURL(TEXT)
  expect(await drawQr(picture)).toBe(await QRCode.toString(TEXT, { type: 'terminal', small: true }))
})

test('a picture without a QR is not drawn', async () => {
  expect(await drawQr('data:image/png;base64,AAAA')).toBeUndefined()
})
