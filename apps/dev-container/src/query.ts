import { decodeName } from '@rose/snapshot';
import type { z } from 'zod';
import { refused } from './failures.ts';

/**
 * Parameters of a byte stream's URL, checked. Values are percent-encoded bytes, since names
 * need not be UTF-8: `URLSearchParams` would turn such bytes into U+FFFD.
 * @throws RoseError INVALID_INPUT
 */
export function readQuery<S extends z.ZodType>(url: string | undefined, schema: S): z.infer<S> {
  const query = url?.split('?', 2)[1] ?? '';
  const parameters: Record<string, string> = Object.create(null);
  for (const pair of query.split('&').filter(Boolean)) {
    const cut = pair.indexOf('=');
    const name = decodeParameter(cut < 0 ? pair : pair.slice(0, cut));
    if (name in parameters) throw refused(name, `The parameter ${name} is given twice.`);
    parameters[name] = cut < 0 ? '' : decodeParameter(pair.slice(cut + 1));
  }
  return schema.parse({ ...parameters });
}

function decodeParameter(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text))
    throw refused('query', 'The query holds a "%" that starts no percent-encoded byte.');
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/[^\x00-\x7f]/g, (character) => encodeURIComponent(character))
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeName(Buffer.from(bytes, 'latin1'));
}
