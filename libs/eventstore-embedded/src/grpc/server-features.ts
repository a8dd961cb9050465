import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'

import { features, ServerFeaturesService, StreamsService } from './protocol.ts'
import type { Features, IServerFeaturesServer, Shared } from './protocol.ts'

/** The release whose behaviour this server has; from 23.10 on a subscription says when it has caught up. */
const EMULATED_VERSION = '24.10.0'

/** ServerFeatures: which calls there are. The client asks it before its first append, without credentials. */
export const serverFeatures: IServerFeaturesServer = {
  getSupportedMethods(
    _call: ServerUnaryCall<Shared.Empty, Features.SupportedMethods>,
    answer: sendUnaryData<Features.SupportedMethods>,
  ) {
    answer(null, supportedMethods())
  },
}

/** The path of the call that needs no credentials. */
export const FEATURES_PATH = ServerFeaturesService.getSupportedMethods.path

function supportedMethods(): Features.SupportedMethods {
  const message = new features.SupportedMethods().setEventStoreServerVersion(EMULATED_VERSION)
  for (const { path } of [...Object.values(StreamsService), ...Object.values(ServerFeaturesService)]) {
    const [, service = '', method = ''] = path.toLowerCase().split('/')
    const supported = new features.SupportedMethod().setServiceName(service).setMethodName(method)
    if (method === 'read') supported.setFeaturesList(['position', 'events'])
    message.addMethods(supported)
  }
  return message
}
