import { encodePathParameter } from '@rose/contract';

/** Lone surrogates U+DC80–U+DCFF stand for bytes outside UTF-8, as everywhere on RoSE's wires. */
const BYTE_SURROGATES = 0xdc00;

/** Characters that would hide, reorder or break what is shown around them. */
const INVISIBLE = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udfff]/gu;

/** A name as people may see it: what cannot be shown safely is written as an escape. */
export function shownName(name: string): string {
  return name.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - BYTE_SURROGATES, 2)}`;
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** 'a/b/c' → ['a', 'a/b'] */
export function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** The paths that somebody typed, one a line. */
export function pathsIn(text: string): string[] {
  return text.split('\n').filter((path) => path !== '');
}

/** The query of a page's address that names a path; bytes outside UTF-8 survive it. */
export function asQuery(path: string): string {
  return path === '' ? '' : `?path=${encodePathParameter(path)}`;
}

/** The path that a page's address names; '' when none. */
export function fromQuery(search: string): string {
  const parameter = search
    .slice(1)
    .split('&')
    .find((part) => part.startsWith('path='));
  return parameter === undefined ? '' : decodePath(parameter.slice('path='.length));
}

/** The inverse of `encodePathParameter`. */
function decodePath(encoded: string): string {
  return encoded.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    const bytes = Uint8Array.from(escapes.slice(1).split('%'), (pair) => Number.parseInt(pair, 16));
    return textOf(bytes);
  });
}

/** Bytes as text; one that is not valid UTF-8 becomes its lone surrogate. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at] ?? 0);
    const sequence = decodeStrictly(bytes.subarray(at, at + length));
    text += sequence ?? String.fromCharCode(BYTE_SURROGATES + (bytes[at] ?? 0));
    at += sequence === null ? 1 : length;
  }
  return text;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
