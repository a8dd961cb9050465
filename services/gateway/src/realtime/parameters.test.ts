import { describe, expect, test } from '@jest/globals'

import { chooseSubprotocol, readParameters } from './parameters.ts'

describe('parameters', () => {
  test("[P1] the owner's URL is understood", () => {
    expect(readParameters('?campaignId=1&userId=1')).toEqual({ campaignId: 1, userId: '1', token: undefined })
    expect(readParameters('campaignId=1&userId=1&token=abc')).toMatchObject({ token: 'abc' })
  })
  test.each(['', '0', '-1', '1e3', '%201', '1%20', '9007199254740992', '01', 'x', '%2B1'])(
    '[P2] campaignId=%s is refused',
    (id) => expect(readParameters(`campaignId=${id}&userId=1`)).toMatchObject({ path: 'campaignId' }),
  )
  test('[P2] missing and doubled parameters are refused', () => {
    expect(readParameters('userId=1')).toMatchObject({ path: 'campaignId', message: 'is missing' })
    expect(readParameters('campaignId=1')).toMatchObject({ path: 'userId' })
    expect(readParameters('campaignId=1&campaignId=2&userId=1')).toMatchObject({ path: 'campaignId' })
    expect(readParameters('campaignId=1&userId=1&userId=1')).toMatchObject({ path: 'userId' })
    expect(readParameters('campaignId=1&userId=1&token=a&token=b')).toMatchObject({ path: 'token' })
  })
  test('[P2] a userId has 1 to 128 characters', () => {
    expect(readParameters(`campaignId=1&userId=${'u'.repeat(128)}`)).toMatchObject({
      userId: 'u'.repeat(128),
    })
    expect(readParameters(`campaignId=1&userId=${'u'.repeat(129)}`)).toMatchObject({ path: 'userId' })
    expect(readParameters('campaignId=1&userId=')).toMatchObject({ path: 'userId' })
  })
  test.each([
    [undefined, undefined],
    ['campaign-updates', 'campaign-updates'],
    ['other, campaign-updates', 'campaign-updates'],
    ['other', 'refused'],
  ])('[P3] offered %j, chosen %j', (offered, chosen) => expect(chooseSubprotocol(offered)).toBe(chosen))
})
