/** Short ways to make and read the nodes that both sides exchange. */
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET,
  unixTimestampSeconds,
  type BinaryNode,
} from '@whiskeysockets/baileys'

export type { BinaryNode } from '@whiskeysockets/baileys'

type Content = Exclude<BinaryNode['content'], undefined>

export const SERVER = S_WHATSAPP_NET

export function node(
  tag: string,
  attrs: Readonly<Record<string, string>> = {},
  content?: Content,
): BinaryNode {
  return { tag, attrs, ...(content !== undefined && { content }) }
}

export function childOf(parent: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return getBinaryNodeChild(parent, tag)
}

export function childrenOf(parent: BinaryNode | undefined, tag: string): BinaryNode[] {
  return getBinaryNodeChildren(parent, tag)
}

export function firstChildOf(parent: BinaryNode): BinaryNode | undefined {
  return Array.isArray(parent.content) ? parent.content[0] : undefined
}

/** The bytes that a node holds; none when it is absent or holds other nodes. */
export function bytesOf(holder: BinaryNode | undefined): Buffer {
  const content = holder?.content
  return content === undefined || Array.isArray(content) ? Buffer.alloc(0) : Buffer.from(content)
}

export function bytesAt(parent: BinaryNode | undefined, tag: string): Buffer {
  return bytesOf(childOf(parent, tag))
}

/** The time as stanzas carry it, in seconds. */
export function stanzaTime(): string {
  return String(unixTimestampSeconds())
}
