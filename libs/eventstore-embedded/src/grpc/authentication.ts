import { createHash, timingSafeEqual } from 'node:crypto'

import { ServerInterceptingCall } from '@grpc/grpc-js'
import type { Metadata, ServerInterceptor } from '@grpc/grpc-js'

import { accessDenied } from './errors.ts'
import { FEATURES_PATH } from './server-features.ts'

export type Credentials = Readonly<{ user: string; password: string }>

/** Lets a call in only with the right user and password; the features call is open, as on the real server. */
export function basicAuthentication(credentials: Credentials): ServerInterceptor {
  const expected = digest(
    `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
  )
  return (method, call) => {
    if (method.path === FEATURES_PATH) return new ServerInterceptingCall(call)
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, admit) {
            if (timingSafeEqual(digest(authorizationOf(metadata)), expected)) admit(metadata)
            else call.sendStatus(accessDenied())
          },
        }),
    })
  }
}

function authorizationOf(metadata: Metadata): string {
  return metadata.get('authorization').map(String).join()
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
