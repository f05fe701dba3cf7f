import type { EngineEntry, ZipEngine } from './zip-engine.ts';

const BLOCK_BYTES = 64 * 1024;

/** Joins small pieces into blocks; large ones pass as they are. */
class Blocks {
  readonly #emit: (block: Buffer) => void;
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;

  constructor(emit: (block: Buffer) => void) {
    this.#emit = emit;
  }

  add(piece: Buffer): void {
    if (this.#used + piece.length > BLOCK_BYTES) this.flush();
    if (piece.length >= BLOCK_BYTES) return this.#emit(piece);
    this.#used += piece.copy(this.#block, this.#used);
  }

  flush(): void {
    if (this.#used === 0) return;
    this.#emit(this.#block.subarray(0, this.#used));
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#used = 0;
  }
}

/**
 * The engine writes a header as twenty pieces of two to four bytes and keeps every entry as an
 * object until the end. Here the pieces become blocks, and of an entry only its packed record
 * for the central directory is kept: about its name and 55 bytes.
 */
export function compactOutput(engine: ZipEngine): void {
  const write = engine.write.bind(engine);
  const end = engine.end.bind(engine);
  let offset = 0;
  let hasRoom = true;
  const output = new Blocks((block) => (hasRoom = write(block)));
  const records: Buffer[] = [];
  const directory = new Blocks((block) => records.push(block));
  let isRecord = false;

  engine.write = (piece) => {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (isRecord) {
      directory.add(bytes);
      return true;
    }
    // Only a block that was written now can ask for a pause: the engine tells when it ends.
    hasRoom = true;
    output.add(bytes);
    offset += bytes.length;
    engine.offset = offset;
    return hasRoom;
  };
  engine.end = () => {
    output.flush();
    return end();
  };
  engine._entries = {
    length: 0,
    push(this: { length: number }, entry: EngineEntry) {
      this.length += 1;
      isRecord = true;
      engine._writeCentralFileHeader(entry);
      isRecord = false;
    },
    forEach() {
      directory.flush();
      for (const block of records.splice(0)) engine.write(block);
    },
  };
}
