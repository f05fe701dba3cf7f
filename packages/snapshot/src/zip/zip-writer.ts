import { once } from 'node:events';
import { PassThrough, Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipArchive, type ZipEntryData } from 'archiver';
import { toText, type Raw } from '../raw.ts';
import { DEFLATE_LEVEL, type PackedContent } from './pack.ts';
import { compactOutput } from './zip-output.ts';
import { engineOf, extendEntries, ZIP64_BYTES, type EntryPlan, type ZipEngine } from './zip-engine.ts';

/** What a zip says of any entry. */
export interface ZipAttributes {
  /** 12 permission bits. */
  mode: number;
  /** Zips that all tools read are no more precise. */
  mtimeSeconds: number;
}

/** At least what will be written: decides whether the zip needs its 64-bit records. */
export interface ZipTotals {
  entries: number;
  bytes: number;
}

/** A zip whose central directory names this many entries, or more, needs 64-bit records. */
const ZIP64_ENTRIES = 0xffff;
/** Pieces in which streamed content is packed: zlib's 16 KiB would be a call of every stream on the way for each. */
const STREAM_CHUNK_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Writes a zip, entry by entry, at the pace of `output`. Memory is bounded by the entry at hand
 * and about 100 bytes for each before it. Names must have passed `whatZipCannotCarry`.
 */
export class ZipWriter {
  readonly #output: Writable;
  readonly #signal: AbortSignal;
  readonly #archive: ZipArchive;
  readonly #engine: ZipEngine;
  readonly #failed: Promise<never>;
  #plan: EntryPlan = { mtimeSeconds: 0, size: 0, content: null };
  #taken: (() => void) | null = null;

  constructor(output: Writable, { entries, bytes }: ZipTotals, signal: AbortSignal) {
    this.#output = output;
    this.#signal = signal;
    this.#archive = new ZipArchive({
      zlib: { level: DEFLATE_LEVEL, chunkSize: STREAM_CHUNK_BYTES },
      forceZip64: entries >= ZIP64_ENTRIES || bytes >= ZIP64_BYTES,
    });
    this.#engine = engineOf(this.#archive);
    extendEntries(this.#engine, () => this.#plan);
    compactOutput(this.#engine);
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.#failed = promise;
    this.#archive.on('error', reject);
    this.#archive.on('warning', reject);
    this.#archive.on('entry', () => this.#taken?.());
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    this.#archive.pipe(output);
  }

  async directory(path: Raw, attributes: ZipAttributes): Promise<void> {
    await this.#append(NOTHING, path, attributes, { type: 'directory' });
  }

  async symlink(path: Raw, target: Raw, attributes: ZipAttributes): Promise<void> {
    const kind = { type: 'symlink', linkname: toText(target) } as const;
    await this.#append(NOTHING, path, attributes, kind);
  }

  async file(path: Raw, content: PackedContent, attributes: ZipAttributes): Promise<void> {
    await this.#append(content.data, path, attributes, { type: 'file' }, { size: content.size, content });
  }

  /**
   * A file that is too large to be held.
   * @param size its bytes; `source` must bring as many
   * @param isCompressible else it is carried as it is, in blocks of deflate that streaming readers find the end of
   */
  async stream(
    path: Raw,
    size: number,
    source: AsyncIterable<Uint8Array>,
    isCompressible: boolean,
    attributes: ZipAttributes,
  ): Promise<void> {
    this.#engine.options.zlib.level = isCompressible ? DEFLATE_LEVEL : 0;
    // archiver hears no error of its source and would wait for ever: `pipeline` does.
    const content = new PassThrough();
    const read = pipeline(Readable.from(source, { objectMode: false }), content, { signal: this.#signal });
    const written = this.#append(content, path, attributes, { type: 'file' }, { size, content: null });
    written.catch(() => {});
    await read;
    await written;
  }

  async #append(
    source: Buffer | Readable,
    path: Raw,
    { mode, mtimeSeconds }: ZipAttributes,
    kind: Pick<ZipEntryData, 'type'> & { linkname?: string },
    { size, content }: Pick<EntryPlan, 'size' | 'content'> = { size: 0, content: null },
  ): Promise<void> {
    this.#signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken = resolve;
    this.#plan = { mtimeSeconds, size, content };
    this.#archive.append(source, { ...kind, name: toText(path), mode, date: dosDate(mtimeSeconds) });
    await Promise.race([promise, this.#failed]);
    // archiver does not wait for a slow reader between entries.
    if (this.#output.writableNeedDrain) await once(this.#output, 'drain', { signal: this.#signal });
  }

  /** Writes the directory of the zip; resolves when `output` has taken all. */
  async finish(): Promise<void> {
    const finished = once(this.#output, 'finish', { signal: this.#signal });
    await Promise.race([Promise.all([this.#archive.finalize(), finished]), this.#failed]);
  }

  /** Ends a zip that failed; what was written of it is no zip. */
  abort(): void {
    this.#archive.unpipe(this.#output);
    this.#archive.abort();
  }
}

const LAST_DOS_SECOND = Date.UTC(2099, 0) / 1000;

/** For readers that know no other time; clamped to what a Date can hold. */
function dosDate(mtimeSeconds: number): Date {
  return new Date(Math.min(Math.max(mtimeSeconds, 0), LAST_DOS_SECOND) * 1000);
}
