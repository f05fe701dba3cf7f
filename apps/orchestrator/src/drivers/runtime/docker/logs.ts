const MAX_BYTES = 64 * 1024;
const HEADER_BYTES = 8;

/** The last 64 KiB of what an engine answers for a container without a terminal: frames of either stream. */
export function logText(frames: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= frames.length) {
    const end = at + HEADER_BYTES + frames.readUInt32BE(at + 4);
    parts.push(frames.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  return Buffer.concat(parts).subarray(-MAX_BYTES).toString('utf8');
}
