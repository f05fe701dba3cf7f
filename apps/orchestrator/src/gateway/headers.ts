import type { IncomingHttpHeaders } from 'node:http';
import { RoseError } from '@rose/contract';

/** What a call may bring along into a workspace. Cookies, credentials and origins stay outside. */
const REQUEST_HEADERS = ['content-type', 'content-length', 'accept', 'trpc-accept', 'last-event-id'] as const;

/** What an agent's answer may be. Anything else could become a page, a redirect or a cookie of RoSE's origin. */
const ANSWER_TYPES = new Set(['application/json', 'text/event-stream', 'application/octet-stream']);

/** Fixed on every answer from a workspace. */
const ANSWER_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cache-control': 'no-store',
} as const;

export function requestHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of REQUEST_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

/** @throws RoseError AGENT_LIED for an answer of another type */
export function answerHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const type = String(headers['content-type'] ?? 'application/octet-stream')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
  if (!ANSWER_TYPES.has(type))
    throw new RoseError('AGENT_LIED', 'The dev container answered with a type of content that is not allowed.');
  const passed: Record<string, string> = { ...ANSWER_HEADERS, 'content-type': type };
  const length = headers['content-length'];
  if (typeof length === 'string' && /^\d{1,16}$/.test(length)) passed['content-length'] = length;
  return passed;
}
