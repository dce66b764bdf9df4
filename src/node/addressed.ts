/**
 * Whom an internal call means, and where it came from, as far as its message cannot say: both are of the transport, and the core sees neither.
 *
 * Invariant: acks are distinct by node. Two URLs of the leader's that lead to one process are found out, because the process answers to one
 * name only. A follower that was told no name takes the first by which it is addressed, which its hard state then keeps.
 */
import type { IncomingMessage } from 'node:http';
import type { PeerRequest } from '../core/peer.ts';
import { KvctlError } from '../wire/errors.ts';
import { NODE_NAME, TO_HEADER } from '../wire/internal.ts';
import type { Log } from './log.ts';
import type { Runtime } from './runtime.ts';

/** Names that a stranger makes up must not fill the memory or the log. */
const MAX_TOLD = 100;

/** The URL of somebody who listens on every interface, which is nobody's address. */
const EVERYWHERE = /^(https?:\/\/)(?:0\.0\.0\.0|\[::\])(?=:|$)/;

/** Throws `bad_request` unless this node is meant. */
export type MustMeanUs = (request: IncomingMessage) => void;

export function addressee(runtime: Runtime, log: Log): MustMeanUs {
  const { replica } = runtime;
  /** Told once each: whoever calls by a wrong name calls again and again. */
  const told = new Set<string>();
  return (request) => {
    const name = request.headers[TO_HEADER];
    if ((name === replica.nodeId || name === undefined) && !replica.isUnnamed) return;
    if (typeof name !== 'string' || !NODE_NAME.test(name)) {
      const got = JSON.stringify(name ?? null);
      throw new KvctlError('bad_request', `expected the header ${TO_HEADER} to name the node that is meant, got ${got}`);
    }
    if (replica.isUnnamed) {
      runtime.drive({ t: 'named', nodeId: name });
      return;
    }
    const message = `expected a call for ${replica.nodeId}, which is this node, got one for ${name}: two addresses of the leader's list lead here, or one of them is another node's`;
    if (!told.has(name) && told.size < MAX_TOLD) {
      told.add(name);
      log.warn(message);
    }
    throw new KvctlError('bad_request', message);
  };
}

/**
 * The message with an address for its sender that can be called back. A leader that listens on every interface and has no PUBLIC_URL says
 * `http://0.0.0.0:5000` of itself; it is where the call came from.
 */
export function withAddress<Message extends PeerRequest>(message: Message, request: IncomingMessage): Message {
  if (message.t === 'look' || message.t === 'changes') return message;
  const sender = message.members.find((member) => member.id === message.from);
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, '');
  if (sender === undefined || address === undefined || !EVERYWHERE.test(sender.url)) return message;
  const host = address.includes(':') ? `[${address.replace(/%.*/, '')}]` : address;
  const url = sender.url.replace(EVERYWHERE, `$1${host}`);
  return { ...message, members: message.members.map((member) => (member === sender ? { id: member.id, url } : member)) };
}
