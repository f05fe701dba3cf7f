import type { LineHit } from '@rose/contract';

/** UTF-16 units of a hit's text at most, and of them before the match. */
const TEXT = 500;
const LEAD = 100;
/** A longer line is matched in pieces: backtracking grows with the square of their length, or worse. */
const PIECE = 16 * 1024;
/** Pieces have this in common, so that a match up to this length is found wherever it lies. */
const OVERLAP = 1024;

const decoder = new TextDecoder();

/** The first match in each line of a text, lines ended by LF or CRLF. */
export function* matchLines(bytes: Uint8Array, pattern: RegExp): Generator<Omit<LineHit, 'path'>> {
  const text = decoder.decode(bytes);
  let number = 0;
  for (let at = 0; at < text.length;) {
    number += 1;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end > at && text[end - 1] === '\r' ? end - 1 : end);
    const found = firstMatch(line, pattern);
    if (found !== null) yield { line: number, column: found.at + 1, length: found.length, ...around(line, found.at) };
    at = end + 1;
  }
}

function firstMatch(line: string, pattern: RegExp): { at: number; length: number } | null {
  for (let start = 0; ; start += PIECE - OVERLAP) {
    const found = pattern.exec(line.slice(start, start + PIECE));
    if (found !== null) return { at: start + found.index, length: found[0].length };
    if (start + PIECE >= line.length) return null;
  }
}

function around(line: string, at: number): { text: string; offset: number } {
  const offset = Math.max(0, Math.min(at - LEAD, line.length - TEXT));
  return { text: line.slice(offset, offset + TEXT).toWellFormed(), offset };
}
