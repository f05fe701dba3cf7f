import { createHash } from 'node:crypto';
import { RoseError } from '@rose/contract';
import {
  decodeList,
  decodeTree,
  encodeFrame,
  encodeJsonFrame,
  isList,
  OBJECT_ID_BYTES,
  type Chunk,
  type ObjectId,
  type TreeEntry,
} from '@rose/snapshot';
import type { ObjectStore, SizedId, StoredBytes } from '../../drivers/objects/objects.ts';
import { readBatches } from '../read-batches.ts';
import { verified } from '../trees.ts';
import { HISTORY_FRAME, type HistoryEnd, type HistoryHeader, type HistoryVersion } from './history-format.ts';

/** Trees and lists are small; this only bounds the batches they are read in. */
const GUESS_BYTES = 4096;
/** Directories in one that are held together, of up to 1 MiB each. */
const TREES_AT_ONCE = 50;
type ObjectType = 'chunk' | 'tree' | 'list' | 'treeList';

/**
 * A history as the bytes of its file. Every object is verified on its way out, so a file that is whole can be imported.
 * @throws RoseError DAMAGED, CANCELLED; what came before is no whole history then
 */
export async function* writeHistory(
  objects: Pick<ObjectStore, 'read' | 'readAll'>,
  ownerId: number,
  header: HistoryHeader,
  versions: readonly HistoryVersion[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const writer = new HistoryWriter(objects, ownerId, signal);
  const hash = createHash('sha256');
  for await (const frame of writer.frames(header, versions)) {
    hash.update(frame);
    yield frame;
  }
  const end: HistoryEnd = { versions: versions.length, objects: writer.count, sha256: hash.digest('hex') };
  yield encodeJsonFrame(HISTORY_FRAME.end, end);
}

class HistoryWriter {
  readonly #objects: Pick<ObjectStore, 'read' | 'readAll'>;
  readonly #ownerId: number;
  readonly #signal: AbortSignal;
  /** By what they were written as: a file may hold the very bytes of a tree. */
  readonly #written = { chunk: new Set<ObjectId>(), list: new Set<ObjectId>(), tree: new Set<ObjectId>() };
  count = 0;

  constructor(objects: Pick<ObjectStore, 'read' | 'readAll'>, ownerId: number, signal: AbortSignal) {
    this.#objects = objects;
    this.#ownerId = ownerId;
    this.#signal = signal;
  }

  async *frames(header: HistoryHeader, versions: readonly HistoryVersion[]): AsyncGenerator<Buffer> {
    yield encodeJsonFrame(HISTORY_FRAME.header, header);
    for (const version of versions) {
      yield* this.#root(version.root as ObjectId);
      yield encodeJsonFrame(HISTORY_FRAME.version, version);
    }
  }

  async *#root(id: ObjectId): AsyncGenerator<Buffer> {
    if (this.#written.tree.has(id)) return;
    const [object] = await this.#readAll([id]);
    yield* this.#tree(object!);
  }

  /** All that a tree names, then the tree. */
  async *#tree(object: StoredBytes): AsyncGenerator<Buffer> {
    if (this.#written.tree.has(object.id)) return;
    this.#written.tree.add(object.id);
    const plain = verified(object.id, object.data, object.size);
    const pieces = isList(plain) ? decodeList(plain) : null;
    if (pieces !== null) yield* this.#chunks(pieces);
    const entries = decodeTree(pieces === null ? plain : await this.#joined(pieces));
    yield* this.#files(entries);
    const below = entries.flatMap((entry) =>
      entry.kind === 'directory' && !this.#written.tree.has(entry.tree) ? [entry.tree] : [],
    );
    const children = [...new Set(below)];
    // Each few are read whole before the next directory is begun: a read that is left open holds a connection.
    for (let at = 0; at < children.length; at += TREES_AT_ONCE)
      for (const child of await this.#readAll(children.slice(at, at + TREES_AT_ONCE))) yield* this.#tree(child);
    yield this.#frame(pieces === null ? 'tree' : 'treeList', object);
  }

  async *#files(entries: readonly TreeEntry[]): AsyncGenerator<Buffer> {
    const inline = entries.flatMap((entry) =>
      entry.kind === 'file' && 'chunks' in entry.content ? entry.content.chunks : [],
    );
    yield* this.#chunks(inline);
    const lists = entries.flatMap((entry) =>
      entry.kind === 'file' && 'list' in entry.content && !this.#written.list.has(entry.content.list)
        ? [entry.content.list]
        : [],
    );
    for (const id of new Set(lists)) {
      this.#written.list.add(id);
      const [object] = await this.#readAll([id]);
      yield* this.#chunks(decodeList(verified(id, object!.data, object!.size)));
      yield this.#frame('list', object!);
    }
  }

  async *#chunks(chunks: readonly Chunk[]): AsyncGenerator<Buffer> {
    const fresh = chunks.filter(({ id }) => {
      if (this.#written.chunk.has(id)) return false;
      this.#written.chunk.add(id);
      return true;
    });
    for await (const batch of readBatches(this.#objects, this.#ownerId, fresh)) {
      for (const object of batch) {
        verified(object.id, object.data, object.size);
        yield this.#frame('chunk', object);
      }
    }
  }

  #frame(type: ObjectType, { id, size, data }: StoredBytes): Buffer {
    if (this.#signal.aborted) throw new RoseError('CANCELLED', 'The export was cancelled.');
    this.count += 1;
    const head = Buffer.alloc(OBJECT_ID_BYTES + 4);
    head.write(id, 0, 'hex');
    head.writeUInt32LE(size, OBJECT_ID_BYTES);
    return encodeFrame(HISTORY_FRAME[type], head, data);
  }

  async #joined(pieces: readonly Chunk[]): Promise<Buffer> {
    const parts = await this.#objects.readAll(this.#ownerId, pieces);
    return Buffer.concat(parts.map(({ id, data, size }) => verified(id, data, size)));
  }

  async #readAll(ids: readonly ObjectId[]): Promise<StoredBytes[]> {
    const wanted = ids.map((id): SizedId => ({ id, size: GUESS_BYTES }));
    return await Array.fromAsync(this.#objects.read(this.#ownerId, wanted));
  }
}
