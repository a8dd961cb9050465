// One small class for each condition that a caller can act on.

/** NATS did not answer in time. `unknown`: the server may have acted all the same. */
export class NatsUnavailable extends Error {
  override readonly name = 'NatsUnavailable'
  readonly outcome: 'not-sent' | 'unknown'

  constructor(what: string, outcome: 'not-sent' | 'unknown', options?: ErrorOptions) {
    super(`NATS is not available: ${what} (${outcome})`, options)
    this.outcome = outcome
  }
}

/** A fence refused the write: somebody else wrote first. */
export class WrongLastSequence extends Error {
  override readonly name = 'WrongLastSequence'
  readonly subject: string
  /** The sequence that the server has, if it said so. */
  readonly actual: number | undefined

  constructor(subject: string, actual: number | undefined) {
    super(`wrong last sequence for ${subject}${actual === undefined ? '' : `: it is ${actual}`}`)
    this.subject = subject
    this.actual = actual
  }
}

/** The stream, or the store under it, is full and refuses new messages. Nothing was stored. */
export class StreamFull extends Error {
  override readonly name = 'StreamFull'
  readonly subject: string

  constructor(subject: string, reason: string) {
    super(`no room for ${subject}: ${reason}`)
    this.subject = subject
  }
}

/** No stream takes this subject, or a stream of this name is not there. */
export class NoStream extends Error {
  override readonly name = 'NoStream'
  readonly what: string

  constructor(what: string) {
    super(`no stream for ${what}`)
    this.what = what
  }
}

/** JetStream refused for another reason; `code` is the server's `err_code`. */
export class JetStreamRefused extends Error {
  override readonly name = 'JetStreamRefused'
  readonly code: number

  constructor(what: string, code: number, description: string) {
    super(`JetStream refused ${what}: ${description} (${code})`)
    this.code = code
  }
}

/** What the server holds differs from the definition in a way that nobody may change by itself. */
export class StreamDrift extends Error {
  override readonly name = 'StreamDrift'
  readonly diff: string

  constructor(diff: string) {
    super(`streams differ from their definitions:\n${diff}`)
    this.diff = diff
  }
}

/** A cluster whose servers are too old to keep what fences and full streams promise. */
export class UnsafeCluster extends Error {
  override readonly name = 'UnsafeCluster'

  constructor(version: string, least: string) {
    super(`replicated streams need nats-server >= ${least} on every node, this one is ${version}`)
  }
}

/** The durable consumer was deleted. */
export class ConsumerGone extends Error {
  override readonly name = 'ConsumerGone'
  readonly stream: string
  readonly durable: string

  constructor(stream: string, durable: string) {
    super(`consumer ${durable} of ${stream} is not there`)
    this.stream = stream
    this.durable = durable
  }
}

/** Nobody listens on the subject of a request. */
export class NoResponder extends Error {
  override readonly name = 'NoResponder'
  readonly subject: string

  constructor(subject: string) {
    super(`nobody answers ${subject}`)
    this.subject = subject
  }
}

/** The responder refused; `code` is its own word for why. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly code: string

  constructor(subject: string, code: string) {
    super(`${subject} was refused: ${code}`)
    this.code = code
  }
}

/** A key that a bucket cannot hold. */
export class InvalidKey extends Error {
  override readonly name = 'InvalidKey'

  constructor(bucket: string) {
    super(`a key of bucket ${bucket} may only have letters, digits and - / _ = . inside`)
  }
}

/** An object that was read is not what was written. */
export class ObjectDamaged extends Error {
  override readonly name = 'ObjectDamaged'

  constructor(store: string, reason: string) {
    super(`object in ${store} is damaged: ${reason}`)
  }
}

/** An object that is larger than the caller allows. Nothing of it is kept. */
export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge'
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the object is larger than ${maxBytes} bytes`)
    this.maxBytes = maxBytes
  }
}
