// What could move the cursor, break the line or reorder it (bidirectional controls).
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text of others for a terminal line: control characters and raw bytes become visible. */
export function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

/** A name for a terminal line; unlike text it can be told from any other name. */
export function escapeName(name: string): string {
  return escapeText(name.replaceAll('\\', '\\\\'));
}

function escapeCharacter(character: string): string {
  const unit = character.charCodeAt(0);
  // A byte outside UTF-8 crosses wires as U+DC00+byte.
  if (unit >= 0xdc80 && unit <= 0xdcff) return hex('\\x', unit - 0xdc00, 2);
  return SHORT[character] ?? (unit < 0x100 ? hex('\\x', unit, 2) : hex('\\u', unit, 4));
}

function hex(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).toUpperCase().padStart(digits, '0');
}
