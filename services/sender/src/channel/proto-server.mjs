import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { WebSocketServer } from 'ws'
import {
  addTransactionCapability,
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  aesEncryptGCM,
  derivePairingCodeKey,
  Curve,
  decodeBinaryNode,
  DEFAULT_CONNECTION_CONFIG,
  encodeBigEndian,
  encodeBinaryNode,
  encodeWAMessage,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  hkdf,
  hmacSign,
  initAuthCreds,
  jidDecode,
  NOISE_MODE,
  NOISE_WA_HEADER,
  proto,
  S_WHATSAPP_NET,
  sha256,
  signedKeyPair,
  unixTimestampSeconds,
  unpadRandomMax16,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  xmppPreKey,
  xmppSignedPreKey,
} from '@whiskeysockets/baileys'
const log = {
  level: 'silent',
  child: () => log,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
}
const node = (tag, attrs = {}, content) => ({
  tag,
  attrs,
  content,
})
const T = () => unixTimestampSeconds().toString()
export const lidUser = (pn) => `9${pn}`
const pnUser = (jid) => {
  const d = jidDecode(jid)
  return d.server === 'lid' ? d.user.slice(1) : d.user
}
class Noise {
  hash = Buffer.from(NOISE_MODE)
  salt = this.hash
  key = this.hash
  n = 0
  buf = Buffer.alloc(0)
  intro = false
  rk
  wk
  rn = 0
  wn = 0
  constructor() {
    this.auth(NOISE_WA_HEADER)
  }
  auth(d) {
    this.hash = sha256(Buffer.concat([this.hash, d]))
  }
  static iv(c) {
    const b = Buffer.alloc(12)
    b.writeUInt32BE(c, 8)
    return b
  }
  mix(d) {
    const k = Buffer.from(
      hkdf(Buffer.from(d), 64, {
        salt: this.salt,
        info: '',
      }),
    )
    this.salt = k.subarray(0, 32)
    this.key = k.subarray(32)
    this.n = 0
  }
  enc(p) {
    const c = aesEncryptGCM(p, this.key, Noise.iv(this.n++), this.hash)
    this.auth(c)
    return c
  }
  dec(c) {
    const p = aesDecryptGCM(c, this.key, Noise.iv(this.n++), this.hash)
    this.auth(c)
    return p
  }
  finish() {
    const k = Buffer.from(
      hkdf(Buffer.alloc(0), 64, {
        salt: this.salt,
        info: '',
      }),
    )
    this.rk = k.subarray(0, 32)
    this.wk = k.subarray(32)
  }
  frame(p) {
    if (this.wk) p = aesEncryptGCM(p, this.wk, Noise.iv(this.wn++), Buffer.alloc(0))
    return Buffer.concat([encodeBigEndian(p.length, 3), p])
  }
  *feed(chunk) {
    this.buf = Buffer.concat([this.buf, chunk])
    if (!this.intro) {
      let off = 0
      if (this.buf.subarray(0, 2).toString() === 'ED') off = 7 + this.buf.readUIntBE(4, 3)
      if (this.buf.length < off + 4) return
      if (!this.buf.subarray(off, off + 4).equals(NOISE_WA_HEADER)) throw new Error('bad intro header')
      this.buf = this.buf.subarray(off + 4)
      this.intro = true
    }
    while (this.buf.length >= 3) {
      const len = this.buf.readUIntBE(0, 3)
      if (this.buf.length < 3 + len) return
      const f = this.buf.subarray(3, 3 + len)
      this.buf = this.buf.subarray(3 + len)
      yield this.rk ? aesDecryptGCM(f, this.rk, Noise.iv(this.rn++), Buffer.alloc(0)) : f
    }
  }
}
export class Peer {
  jid
  creds = initAuthCreds()
  pre = {}
  repo
  constructor(jid) {
    this.jid = jid
    const m = new Map()
    const keys = addTransactionCapability(
      {
        get: (t, ids) => Object.fromEntries(ids.map((i) => [i, m.get(t + i)])),
        set: (d) => {
          for (const t in d)
            for (const i in d[t]) {
              const v = d[t][i]
              v === null ? m.delete(t + i) : m.set(t + i, v)
            }
        },
      },
      log,
      {
        maxCommitRetries: 1,
        delayBetweenTriesMs: 1,
      },
    )
    this.repo = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      {
        creds: this.creds,
        keys,
      },
      log,
      undefined,
    )
    for (let i = 1; i <= 5; i++) {
      this.pre[i] = Curve.generateKeyPair()
      m.set('pre-key' + i, this.pre[i])
    }
  }
  next = 1
  bundle(wireJid) {
    const id = this.next <= 5 ? this.next++ : 0
    return node(
      'user',
      {
        jid: wireJid,
        t: T(),
      },
      [
        node('registration', {}, encodeBigEndian(this.creds.registrationId)),
        node('type', {}, Buffer.from([5])),
        node('identity', {}, this.creds.signedIdentityKey.public),
        xmppSignedPreKey(this.creds.signedPreKey),
        ...(id ? [xmppPreKey(this.pre[id], id)] : []),
      ],
    )
  }
  async decrypt(from, enc) {
    return proto.Message.decode(
      unpadRandomMax16(
        await this.repo.decryptMessage({
          jid: from,
          type: enc.attrs.type,
          ciphertext: enc.content,
        }),
      ),
    )
  }
  async encrypt(to, msg) {
    return this.repo.encryptMessage({
      jid: to,
      data: encodeWAMessage(msg),
    })
  }
}
export class Conn {
  s
  ws
  account
  payload
  noise = new Noise()
  stage = 0
  eph = Curve.generateKeyPair()
  q = Promise.resolve()
  constructor(s, ws) {
    this.s = s
    this.ws = ws
    ws.on('message', (d) => {
      this.q = this.q
        .then(async () => {
          for (const f of this.noise.feed(d)) await this.onFrame(f)
        })
        .catch((e) => {
          s.emit('error-conn', e)
          ws.close()
        })
    })
    ws.on('close', () => {
      if (this.account?.conn === this) this.account.conn = undefined
      s.emit('close', this)
    })
  }
  send(n) {
    if (this.ws.readyState === 1) {
      this.s.emit('out', n, this)
      this.ws.send(this.noise.frame(encodeBinaryNode(n)))
    }
  }
  result(iq, content) {
    this.send(
      node(
        'iq',
        {
          from: S_WHATSAPP_NET,
          type: 'result',
          id: iq.attrs.id,
        },
        content,
      ),
    )
  }
  streamError(code, child) {
    this.send(
      node(
        'stream:error',
        code
          ? {
              code,
            }
          : {},
        child ? [child] : undefined,
      ),
    )
    setTimeout(() => this.ws.close(), 20)
  }
  async onFrame(f) {
    const no = this.noise
    if (this.stage === 0) {
      const eph = proto.HandshakeMessage.decode(f).clientHello.ephemeral
      no.auth(eph)
      no.auth(this.eph.public)
      no.mix(Curve.sharedKey(this.eph.private, eph))
      const stat = no.enc(this.s.stat.public)
      no.mix(Curve.sharedKey(this.s.stat.private, eph))
      this.ws.send(
        no.frame(
          proto.HandshakeMessage.encode({
            serverHello: {
              ephemeral: this.eph.public,
              static: stat,
              payload: no.enc(this.s.cert),
            },
          }).finish(),
        ),
      )
      this.stage = 1
    } else if (this.stage === 1) {
      const fin = proto.HandshakeMessage.decode(f).clientFinish
      no.mix(Curve.sharedKey(this.eph.private, no.dec(fin.static)))
      this.payload = proto.ClientPayload.decode(no.dec(fin.payload))
      no.finish()
      this.stage = 2
      this.s.onLogin(this)
    } else {
      const n = await decodeBinaryNode(f)
      this.s.emit('in', n, this)
      await this.s.onNode(n, this)
    }
  }
}
export class MiniWa extends EventEmitter {
  stat = Curve.generateKeyPair()
  root = Curve.generateKeyPair()
  cert
  accounts = new Map()
  peers = new Map()
  policy = {
    exists: () => true,
    ack: () => undefined,
  }
  url = ''
  http = createServer()
  wss = new WebSocketServer({
    server: this.http,
  })
  pending = new Map()
  constructor() {
    super()
    const D = proto.CertChain.NoiseCertificate.Details,
      im = Curve.generateKeyPair(),
      notBefore = unixTimestampSeconds() - 86400,
      notAfter = notBefore + 3e8
    const i = D.encode({
        serial: 1,
        issuerSerial: 0,
        key: im.public,
        notBefore,
        notAfter,
      }).finish(),
      l = D.encode({
        serial: 2,
        issuerSerial: 1,
        key: this.stat.public,
        notBefore,
        notAfter,
      }).finish()
    this.cert = proto.CertChain.encode({
      intermediate: {
        details: i,
        signature: Curve.sign(this.root.private, i),
      },
      leaf: {
        details: l,
        signature: Curve.sign(im.private, l),
      },
    }).finish()
    this.wss.on('connection', (ws) => new Conn(this, ws))
  }
  async start(port = 0) {
    await new Promise((r) => this.http.listen(port, '127.0.0.1', r))
    this.url = `ws://127.0.0.1:${this.http.address().port}/ws/chat`
    return this
  }
  async stop() {
    for (const c of this.wss.clients) c.terminate()
    await new Promise((r) => this.http.close(r))
  }
  peer(jid) {
    let p = this.peers.get(jid)
    if (!p) this.peers.set(jid, (p = new Peer(jid)))
    return p
  }
  onLogin(c) {
    const p = c.payload
    if (p.devicePairingData) {
      const refs = Array.from(
        {
          length: 6,
        },
        () => '2@' + randomBytes(24).toString('base64url'),
      )
      for (const r of refs) this.pending.set(r, c)
      return c.send(
        node(
          'iq',
          {
            from: S_WHATSAPP_NET,
            type: 'set',
            id: randomBytes(4).toString('hex'),
            xmlns: 'md',
          },
          [
            node(
              'pair-device',
              {},
              refs.map((r) => node('ref', {}, Buffer.from(r))),
            ),
          ],
        ),
      )
    }
    const a = this.accounts.get(`${p.username}:${p.device}`)
    if (!a || a.loggedOut) {
      c.send(
        node('failure', {
          reason: '401',
          location: 'atn',
        }),
      )
      return void setTimeout(() => c.ws.close(), 20)
    }
    a.conn?.streamError(
      undefined,
      node('conflict', {
        type: 'replaced',
      }),
    )
    a.conn = c
    c.account = a
    c.send(
      node('success', {
        t: T(),
        props: '27',
        companion_enc_static: '',
        lid: a.lid,
        location: 'atn',
      }),
    )
    c.send(
      node(
        'ib',
        {
          from: S_WHATSAPP_NET,
        },
        [
          node('offline', {
            count: '0',
          }),
        ],
      ),
    )
    this.emit('login', a)
  }
  pair(qr, phone, device = 1) {
    const [ref, , identB64, advB64] = qr
      .replace(/^https:\/\/wa\.me\/settings\/linked_devices#/, '')
      .split(',')
    const c = this.pending.get(ref)
    if (!c) throw new Error('unknown or expired ref')
    for (const [r, x] of this.pending) if (x === c) this.pending.delete(r)
    return this.link(
      c,
      ref.slice(2, 8),
      Buffer.from(identB64, 'base64'),
      Buffer.from(advB64, 'base64'),
      phone,
      device,
    )
  }
  link(c, tag, identity, adv, phone, device) {
    const primary = Curve.generateKeyPair(),
      d = c.payload.devicePairingData
    const details = proto.ADVDeviceIdentity.encode({
      rawId: 1,
      timestamp: unixTimestampSeconds(),
      keyIndex: 1,
    }).finish()
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: primary.public,
      accountSignature: Curve.sign(
        primary.private,
        Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, identity]),
      ),
    }).finish()
    const hmac = proto.ADVSignedDeviceIdentityHMAC.encode({
      details: signed,
      hmac: hmacSign(Buffer.from(signed), adv),
    }).finish()
    const a = {
      phone,
      device,
      jid: `${phone}:${device}@s.whatsapp.net`,
      lid: `${lidUser(phone)}:${device}@lid`,
      identity,
      regId: Buffer.from(d.eRegid).readUInt32BE(),
      skey: d,
      prekeys: [],
    }
    this.accounts.set(`${phone}:${device}`, a)
    c.account = a
    c.send(
      node(
        'iq',
        {
          from: S_WHATSAPP_NET,
          type: 'set',
          id: 'ps-' + tag,
          xmlns: 'md',
        },
        [
          node('pair-success', {}, [
            node('device-identity', {}, hmac),
            node('device', {
              jid: a.jid,
              lid: a.lid,
            }),
            node('platform', {
              name: 'android',
            }),
          ]),
        ],
      ),
    )
    return a
  }
  refreshRegistration(c) {
    c.send(
      node(
        'notification',
        {
          from: S_WHATSAPP_NET,
          type: 'companion_reg_refresh',
          id: randomBytes(4).toString('hex'),
          t: T(),
        },
        [node('companion_reg_refresh')],
      ),
    )
  }
  codes = new Map()
  validDisplay = (d) => /^\w+ \((Windows|Mac OS|Ubuntu|Linux)\)$/.test(d)
  linkCode(n, kid, c) {
    const get = (t) => Buffer.from(getBinaryNodeChild(kid, t)?.content ?? [])
    if (kid.attrs.stage === 'companion_hello') {
      if (!this.validDisplay(get('companion_platform_display').toString()))
        return c.send(
          node(
            'iq',
            {
              from: S_WHATSAPP_NET,
              type: 'error',
              id: n.attrs.id,
            },
            [
              node('error', {
                code: '400',
                text: 'bad-request',
              }),
            ],
          ),
        )
      const ref = '3@' + randomBytes(8).toString('hex')
      this.codes.set(jidDecode(kid.attrs.jid).user, {
        c,
        wrapped: get('link_code_pairing_wrapped_companion_ephemeral_pub'),
        ref,
      })
      c.result(n, [
        node(
          'link_code_companion_reg',
          {
            stage: 'companion_hello',
          },
          [node('link_code_pairing_ref', {}, Buffer.from(ref))],
        ),
      ])
      return void this.emit('code-requested', jidDecode(kid.attrs.jid).user)
    }
    const e = [...this.codes.entries()].find(([, v]) => v.ref === get('link_code_pairing_ref').toString()),
      [phone, v] = e
    c.result(n)
    const b = get('link_code_pairing_wrapped_key_bundle'),
      shared = Curve.sharedKey(v.eph.private, v.compEph)
    const key = hkdf(shared, 32, {
        salt: b.subarray(0, 32),
        info: 'link_code_pairing_key_bundle_encryption_key',
      }),
      p = aesDecryptGCM(b.subarray(44), key, b.subarray(32, 44), Buffer.alloc(0))
    const adv = hkdf(
      Buffer.concat([
        shared,
        Curve.sharedKey(v.ident.private, get('companion_identity_public')),
        p.subarray(64),
      ]),
      32,
      {
        info: 'adv_secret',
      },
    )
    this.link(c, ref6(), get('companion_identity_public'), Buffer.from(adv), phone, 1)
  }
  async enterCode(phone, code) {
    const v = this.codes.get(phone),
      unwrap = async (x) =>
        aesDecryptCTR(
          x.subarray(48, 80),
          await derivePairingCodeKey(code, x.subarray(0, 32)),
          x.subarray(32, 48),
        )
    v.compEph = await unwrap(v.wrapped)
    v.eph = Curve.generateKeyPair()
    v.ident = Curve.generateKeyPair()
    const salt = randomBytes(32),
      iv = randomBytes(16)
    v.c.send(
      node(
        'notification',
        {
          from: S_WHATSAPP_NET,
          type: 'link_code_companion_reg',
          id: randomBytes(4).toString('hex'),
          t: T(),
        },
        [
          node(
            'link_code_companion_reg',
            {
              stage: 'primary_hello',
            },
            [
              node(
                'link_code_pairing_wrapped_primary_ephemeral_pub',
                {},
                Buffer.concat([
                  salt,
                  iv,
                  aesEncryptCTR(v.eph.public, await derivePairingCodeKey(code, salt), iv),
                ]),
              ),
              node('primary_identity_pub', {}, v.ident.public),
              node('link_code_pairing_ref', {}, Buffer.from(v.ref)),
            ],
          ),
        ],
      ),
    )
  }
  async onNode(n, c) {
    const a = c.account
    if (n.tag === 'message') return this.onMessage(n, a)
    if (n.tag !== 'iq') return
    if (getBinaryNodeChild(n, 'pair-device-sign')) return c.streamError('515')
    if (n.attrs.type === 'result') return
    this.emit('iq', n, c)
    const custom = this.policy.iq?.(n, c)
    if (custom === 'drop') return
    if (custom) return custom.forEach((x) => c.send(x))
    const kid = Array.isArray(n.content) ? n.content[0] : undefined,
      key = `${n.attrs.xmlns}/${n.attrs.type}/${kid?.tag ?? ''}`
    switch (key) {
      case 'encrypt/get/count':
        return c.result(n, [
          node('count', {
            value: String(a.prekeys.length),
          }),
        ])
      case 'encrypt/get/digest':
        return c.result(n, [node('digest')])
      case 'encrypt/set/registration':
        for (const k of getBinaryNodeChildren(getBinaryNodeChild(n, 'list'), 'key'))
          a.prekeys.push({
            id: Buffer.from(getBinaryNodeChild(k, 'id').content).readUIntBE(0, 3),
            pub: getBinaryNodeChild(k, 'value').content,
          })
        return c.result(n)
      case 'encrypt/get/key':
        return c.result(n, [
          node(
            'list',
            {},
            getBinaryNodeChildren(kid, 'user').map((u) =>
              this.peer(`${pnUser(u.attrs.jid)}@s.whatsapp.net`).bundle(u.attrs.jid),
            ),
          ),
        ])
      case 'usync/get/usync':
        return c.result(n, [this.usync(kid)])
      case 'abt/get/props':
        return c.result(n, [
          node(
            'props',
            {
              hash: 'h',
            },
            [],
          ),
        ])
      case 'blocklist/get/':
        return c.result(n, [node('list', {}, [])])
      case 'privacy/get/privacy':
        return c.result(n, [
          node('privacy', {}, [
            node('category', {
              name: 'readreceipts',
              value: 'all',
            }),
          ]),
        ])
      case 'md/set/link_code_companion_reg':
        return this.linkCode(n, kid, c)
      case 'md/set/remove-companion-device':
        a.loggedOut = true
        c.result(n)
        this.emit('logout', a)
        return c.streamError(
          '401',
          node('conflict', {
            type: 'device_removed',
          }),
        )
      default:
        return c.result(n)
    }
  }
  usync(u) {
    const wants = getBinaryNodeChildren(getBinaryNodeChild(u, 'query'), 'devices').length,
      lid = getBinaryNodeChild(getBinaryNodeChild(u, 'query'), 'lid'),
      contact = getBinaryNodeChild(getBinaryNodeChild(u, 'query'), 'contact')
    const users = getBinaryNodeChildren(getBinaryNodeChild(u, 'list'), 'user').map((x) => {
      const phone = x.attrs.jid
          ? pnUser(x.attrs.jid)
          : Buffer.from(getBinaryNodeChild(x, 'contact').content).toString().replace('+', ''),
        ok = this.policy.exists(phone)
      const own = [...this.accounts.values()].filter((a) => a.phone === phone && !a.loggedOut)
      const dev = ok
        ? [
            node('device', {
              id: '0',
            }),
            ...own.map((a) =>
              node('device', {
                id: String(a.device),
                'key-index': '1',
              }),
            ),
          ]
        : []
      return node(
        'user',
        {
          jid: x.attrs.jid ?? `${phone}@s.whatsapp.net`,
        },
        [
          ...(wants ? [node('devices', {}, [node('device-list', {}, dev)])] : []),
          ...(lid && ok && !x.attrs.jid?.endsWith('@lid')
            ? [
                node('lid', {
                  val: `${lidUser(phone)}@lid`,
                }),
              ]
            : []),
          ...(contact
            ? [
                node('contact', {
                  type: ok ? 'in' : 'out',
                }),
              ]
            : []),
        ],
      )
    })
    return node(
      'usync',
      {
        sid: u.attrs.sid,
        index: '0',
        last: 'true',
        mode: 'query',
        context: u.attrs.context,
      },
      [node('result', {}, []), node('list', {}, users)],
    )
  }
  async onMessage(n, a) {
    const m = {
      account: a,
      id: n.attrs.id,
      to: n.attrs.to,
      stanza: n,
    }
    for (const t of getBinaryNodeChildren(getBinaryNodeChild(n, 'participants'), 'to')) {
      const enc = getBinaryNodeChild(t, 'enc'),
        jid = `${pnUser(t.attrs.jid)}@s.whatsapp.net`,
        msg = await this.peer(jid).decrypt(a.jid, enc)
      if (pnUser(t.attrs.jid) === a.phone) m.ownCopy = msg
      else {
        m.message = msg
        m.encType = enc.attrs.type
      }
    }
    const p = this.policy.ack(n, a)
    this.emit('message', m, p)
    if (p === 'drop') return
    a.conn?.send(
      node('ack', {
        class: 'message',
        from: m.to,
        id: m.id,
        t: T(),
        ...(p?.error
          ? {
              error: p.error,
            }
          : {}),
      }),
    )
    if (p?.error) return
    const r = this.policy.receipts
    if (r?.delivered !== undefined) setTimeout(() => this.receipt(a, m.id, m.to), r.delivered)
    if (r?.read !== undefined) setTimeout(() => this.receipt(a, m.id, m.to, 'read'), r.read)
  }
  receipt(a, id, from, type, extra = {}) {
    a.conn?.send(
      node('receipt', {
        id,
        from,
        t: T(),
        ...(type
          ? {
              type,
            }
          : {}),
        ...extra,
      }),
    )
  }
  async reply(a, fromJid, text, q) {
    const p = this.peer(fromJid)
    if (!(await p.repo.validateSession(a.jid)).exists) {
      const k = a.prekeys.shift()
      const d = a.skey
      await p.repo.injectE2ESession({
        jid: a.jid,
        session: {
          registrationId: a.regId,
          identityKey: k5(a.identity),
          signedPreKey: {
            keyId: Buffer.from(d.eSkeyId).readUIntBE(0, 3),
            publicKey: k5(d.eSkeyVal),
            signature: d.eSkeySig,
          },
          preKey: {
            keyId: k.id,
            publicKey: k5(k.pub),
          },
        },
      })
    }
    const { type, ciphertext } = await p.encrypt(a.jid, {
      ...(q ? { extendedTextMessage: { text, contextInfo: { stanzaId: q } } } : { conversation: text }),
    })
    a.conn?.send(
      node(
        'message',
        {
          from: fromJid,
          id: '3A' + randomBytes(9).toString('hex').toUpperCase(),
          t: T(),
          type: 'text',
          notify: 'Peer',
          sender_lid: `${lidUser(pnUser(fromJid))}@lid`,
        },
        [
          node(
            'enc',
            {
              v: '2',
              type,
            },
            ciphertext,
          ),
        ],
      ),
    )
  }
}
const ref6 = () => randomBytes(3).toString('hex')
const k5 = (k) => Buffer.concat([Buffer.from([5]), k])
