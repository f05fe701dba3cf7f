import type { IncomingHttpHeaders } from 'node:http';

/** Of one connection, not of the message (RFC 9110 §7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The names of the headers that end here: the usual ones, and those that the message itself names. */
export function hopHeaders({ connection }: IncomingHttpHeaders): Set<string> {
  const named = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  // Without its length a body would be taken for the next message.
  return new Set([...HOP_BY_HOP, ...named.filter((name) => name !== 'content-length')]);
}
