import { decodeName, encodeName } from './names.ts';

/**
 * A name or path as its bytes, one UTF-16 unit a byte ("latin1"): cheap to compare, sorts as
 * the bytes do, and lossless. Inside the store and on disk names are raw; on every wire they
 * are the text of names.ts.
 */
export type Raw = string & { readonly [raw]: never };
declare const raw: unique symbol;

export function rawFromBytes(bytes: Uint8Array): Raw {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') as Raw;
}

export function rawToBytes(name: Raw): Buffer {
  return Buffer.from(name, 'latin1');
}

/** Raw to the text used on wires. */
export function toText(name: Raw): string {
  return isAscii(name) ? name : decodeName(rawToBytes(name));
}

/** @throws RangeError for text with a lone surrogate that stands for no byte. */
export function fromText(text: string): Raw {
  return isAscii(text) ? (text as Raw) : rawFromBytes(encodeName(text));
}

/** `directory` may be the root, ''. */
export function joinRaw(directory: Raw, name: Raw): Raw {
  return (directory === '' ? name : `${directory}/${name}`) as Raw;
}

export function splitRaw(path: Raw): Raw[] {
  return path === '' ? [] : (path.split('/') as Raw[]);
}

/** The directory that holds `path` ('' for the root) and the last name. */
export function parentOf(path: Raw): { directory: Raw; name: Raw } {
  const cut = path.lastIndexOf('/');
  return { directory: path.slice(0, Math.max(cut, 0)) as Raw, name: path.slice(cut + 1) as Raw };
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
