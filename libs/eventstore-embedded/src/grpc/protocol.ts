/**
 * The one door to the protocol's generated code, which the client package carries: CommonJS modules, made for
 * the client's side, whose types are taken as they are.
 */
import codeModule from '@eventstore/db-client/generated/code_pb.js'
import featuresServiceModule from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import featuresModule from '@eventstore/db-client/generated/serverfeatures_pb.js'
import sharedModule from '@eventstore/db-client/generated/shared_pb.js'
import statusModule from '@eventstore/db-client/generated/status_pb.js'
import streamsServiceModule from '@eventstore/db-client/generated/streams_grpc_pb.js'
import streamsModule from '@eventstore/db-client/generated/streams_pb.js'
import anyModule from 'google-protobuf/google/protobuf/any_pb.js'
import emptyModule from 'google-protobuf/google/protobuf/empty_pb.js'

export type * as Features from '@eventstore/db-client/generated/serverfeatures_pb.js'
export type * as Shared from '@eventstore/db-client/generated/shared_pb.js'
export type { Code as RpcCode } from '@eventstore/db-client/generated/code_pb.js'
export type * as Streams from '@eventstore/db-client/generated/streams_pb.js'
export type { IStreamsServer } from '@eventstore/db-client/generated/streams_grpc_pb.js'
export type { IServerFeaturesServer } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'

export const features = featuresModule
export const shared = sharedModule
export const rpcStatus = statusModule
export const streams = streamsModule
export const { StreamsService } = streamsServiceModule
export const { ServerFeaturesService } = featuresServiceModule
export const { Code } = codeModule
export const { Any } = anyModule
/** The protocol has two empty messages: google's own and `shared.Empty`. */
export const { Empty: GoogleEmpty } = emptyModule
