import { HOP_BY_HOP } from '../http/hop-by-hop.ts';

/** The proxy answers an expectation itself. */
const OURS = [...HOP_BY_HOP, 'expect'];

/**
 * Headers to pass on, names and repetitions kept.
 * @param raw name, value, name, value… as Node has them
 * @param without further names, in lower case
 */
export function endToEnd(raw: string[], without: string[] = []): string[] {
  const dropped = new Set([...OURS, ...without]);
  // "Connection: x" makes x hop-by-hop too.
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() !== 'connection') continue;
    for (const name of (raw[at + 1] ?? '').split(',')) dropped.add(name.trim().toLowerCase());
  }
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, raw[at + 1] ?? '');
  }
  return kept;
}
