import type { FileSource } from './source.ts';

/** What is shown of a file at most, bytes. */
const MOST_TEXT = 512 * 1024;
const MOST_BINARY = 1024;

/** The beginning of a file; `isCut`: there is more of it. */
export type Preview =
  | { kind: 'text'; text: string; lines: number; isCut: boolean }
  | { kind: 'binary'; bytes: Uint8Array; isCut: boolean };

/**
 * Reads the beginning of a file: text where it is UTF-8 without NUL.
 * @throws RoseError
 */
export async function fetchPreview(source: FileSource, path: string, signal: AbortSignal): Promise<Preview> {
  const { bytes, isCut } = await readAtMost(await source.read(path, MOST_TEXT + 1, signal), MOST_TEXT);
  const text = textOf(bytes, isCut);
  if (text !== null) return { kind: 'text', text, lines: countLines(text), isCut };
  return { kind: 'binary', bytes: bytes.slice(0, MOST_BINARY), isCut: isCut || bytes.length > MOST_BINARY };
}

async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  most: number,
): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const reader = stream.getReader();
  const bytes = new Uint8Array(most);
  for (let filled = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: bytes.subarray(0, filled), isCut: false };
    const room = most - filled;
    bytes.set(value.subarray(0, room), filled);
    filled += Math.min(value.length, room);
    if (value.length > room) {
      await reader.cancel();
      return { bytes, isCut: true };
    }
  }
}

/** null for what is no text. A character that the cut went through is left out. */
function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

/** As an editor counts: a last line without a newline is one, an empty rest is none. */
function countLines(text: string): number {
  if (text === '') return 0;
  const breaks = text.split('\n').length - 1;
  return text.endsWith('\n') ? breaks : breaks + 1;
}

/** "00000010  7f 45 4c 46 …  .ELF…" */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${ascii}`);
  }
  return lines.join('\n');
}
