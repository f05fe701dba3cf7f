const LOOKED_AT_BYTES = 8000;

/** As git decides it: no NUL near the beginning. */
export function isText(bytes: Uint8Array): boolean {
  return !bytes.subarray(0, LOOKED_AT_BYTES).includes(0);
}
