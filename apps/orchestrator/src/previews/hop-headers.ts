import type { IncomingHttpHeaders } from 'node:http';
import { HOP_BY_HOP } from '../http/hop-by-hop.ts';

/** The names of the headers that end here: the usual ones, and those that the message itself names. */
export function hopHeaders({ connection }: IncomingHttpHeaders): Set<string> {
  const named = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  // Without its length a body would be taken for the next message.
  return new Set<string>([...HOP_BY_HOP, ...named.filter((name) => name !== 'content-length')]);
}
