/**
 * Names on every wire are strings, on disk they are bytes. A byte that is not part of valid
 * UTF-8 becomes the lone surrogate U+DC00+byte, as in PEP 383, so every name survives and
 * ordinary names stay readable. JSON escapes lone surrogates by itself.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LOSSY = /[\udc80-\udcff]/;

/** Bytes of a name or path to its string. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeDamaged(bytes);
  }
}

/**
 * String of a name or path to its bytes.
 * @throws RangeError for a lone surrogate that stands for no byte.
 */
export function encodeName(name: string): Buffer {
  if (!name.isWellFormed()) return encodeEscaped(name);
  return Buffer.from(name, 'utf8');
}

/** Whether a name holds bytes that are not UTF-8. */
export function hasRawBytes(name: string): boolean {
  return !name.isWellFormed() && LOSSY.test(name);
}

/** Order of names on disk and in trees: by bytes, not by UTF-16 units. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(encodeName(a), encodeName(b));
}

function decodeDamaged(bytes: Uint8Array): string {
  let out = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + bytes[at]!);
      at += 1;
    } else {
      out += strict.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return out;
}

/** Length of the valid UTF-8 sequence at `at`, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

function encodeEscaped(name: string): Buffer {
  const parts: Buffer[] = [];
  let run = '';
  for (const character of name) {
    const unit = character.charCodeAt(0);
    if (character.length === 1 && unit >= 0xdc80 && unit <= 0xdcff) {
      if (run !== '') parts.push(Buffer.from(run, 'utf8'));
      parts.push(Buffer.from([unit - 0xdc00]));
      run = '';
    } else if (!character.isWellFormed()) {
      throw new RangeError(`A name holds the lone surrogate U+${unit.toString(16)}, which stands for no byte.`);
    } else {
      run += character;
    }
  }
  if (run !== '') parts.push(Buffer.from(run, 'utf8'));
  return Buffer.concat(parts);
}
