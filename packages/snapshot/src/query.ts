import { decodeName } from './names.ts';

/**
 * Parameters of a URL's query. Values are percent-encoded bytes, since names need not be UTF-8:
 * `URLSearchParams` would turn such bytes into U+FFFD.
 * @throws RangeError for a "%" that starts no byte, or a parameter given twice.
 */
export function parseQuery(url: string | undefined): Map<string, string> {
  const query = url?.split('?', 2)[1] ?? '';
  const parameters = new Map<string, string>();
  for (const pair of query.split('&').filter(Boolean)) {
    const cut = pair.indexOf('=');
    const name = decodeParameter(cut < 0 ? pair : pair.slice(0, cut));
    if (parameters.has(name)) throw new RangeError(`The parameter ${name} is given twice.`);
    parameters.set(name, cut < 0 ? '' : decodeParameter(pair.slice(cut + 1)));
  }
  return parameters;
}

function decodeParameter(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text))
    throw new RangeError('The query holds a "%" that starts no percent-encoded byte.');
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/[^\x00-\x7f]/g, (character) => encodeURIComponent(character))
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeName(Buffer.from(bytes, 'latin1'));
}
