import koffi from 'koffi';

/**
 * zstd as Node carries it, with one context for each direction and thread. node:zlib makes a new one for every call: for the
 * small files of which workspaces consist that takes five times as long as decompressing them. The functions are the
 * library's stable ones (zstd.h, "Explicit context"), which Node exports for its addons.
 */
interface Zstd {
  compressor: unknown;
  decompressor: unknown;
  compress: (context: unknown, to: Buffer, room: number, from: Uint8Array, size: number, level: number) => Size;
  decompress: (context: unknown, to: Buffer, room: number, from: Uint8Array, size: number) => Size;
}

/** A `size_t`; errors are the largest ones, which no number holds. */
type Size = number | bigint;

const LEVEL = 1;
let zstd: Zstd | undefined;

function loaded(): Zstd {
  if (zstd !== undefined) return zstd;
  const node = koffi.load(null);
  const compressor: unknown = node.func('void *ZSTD_createCCtx()')();
  const decompressor: unknown = node.func('void *ZSTD_createDCtx()')();
  if (compressor === null || decompressor === null) throw new Error('zstd has no memory for its contexts.');
  const bytes = 'void *to, size_t room, const void *from, size_t size';
  zstd = {
    compressor,
    decompressor,
    compress: node.func(`size_t ZSTD_compressCCtx(void *context, ${bytes}, int level)`) as Zstd['compress'],
    decompress: node.func(`size_t ZSTD_decompressDCtx(void *context, ${bytes})`) as Zstd['decompress'],
  };
  return zstd;
}

/** Room for the frame of so many bytes, whatever they are: ZSTD_COMPRESSBOUND, and a little more for small input. */
export function frameBound(size: number): number {
  return size + (size >> 8) + 256;
}

/** @param to with `frameBound` bytes @returns how many bytes the one frame took of it */
export function compressFrame(plain: Uint8Array, to: Buffer): number {
  const { compress, compressor } = loaded();
  const size = compress(compressor, to, to.length, plain, plain.length, LEVEL);
  if (typeof size === 'bigint') throw new RangeError(`The frame of ${plain.length} bytes needs more room.`);
  return size;
}

/** @returns how many bytes it put into `to`; null when the frame is damaged or holds more than there is room for */
export function decompressFrame(frame: Uint8Array, to: Buffer): number | null {
  const { decompress, decompressor } = loaded();
  const size = decompress(decompressor, to, to.length, frame, frame.length);
  return typeof size === 'bigint' ? null : size;
}
