import { promisify } from 'node:util';
import { crc32, deflateRaw, deflateRawSync } from 'node:zlib';

/** Content as an entry of a zip holds it. */
export interface PackedContent {
  method: 'stored' | 'deflate';
  data: Buffer;
  /** Plain bytes. */
  size: number;
  /** Of the plain bytes. */
  sum: number;
}

/** zlib's fastest: a zip is made to be moved at once, and level 6 costs three times as much for a tenth. */
export const DEFLATE_LEVEL = 1;
/** Less than this gains nothing from a thread of its own. */
const SMALL_BYTES = 8 * 1024;
const deflateAsync = promisify(deflateRaw);

/** Packs a whole file; what does not get smaller is stored as it is. */
export async function pack(plain: Buffer, isCompressible: boolean): Promise<PackedContent> {
  const content = { size: plain.length, sum: crc32(plain) };
  if (!isCompressible || plain.length === 0) return { ...content, method: 'stored', data: plain };
  const options = { level: DEFLATE_LEVEL };
  const packed = plain.length <= SMALL_BYTES ? deflateRawSync(plain, options) : await deflateAsync(plain, options);
  return packed.length < plain.length
    ? { ...content, method: 'deflate', data: packed }
    : { ...content, method: 'stored', data: plain };
}
