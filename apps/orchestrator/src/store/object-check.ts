import { RoseError } from '@rose/contract';
import { decodeList, isList, ObjectError, openObject, readTree, type Chunk, type ObjectId } from '@rose/snapshot';
import type { CheckedBytes, ObjectStore, SizedId } from '../drivers/objects/objects.ts';
import type { Role } from './object-walk.ts';

export interface Sampling {
  /** Share of the objects to hash, 0–1; chosen by id, so other runs choose others when `seed` differs. */
  sample: number;
  seed: number;
}

/** What was found out of some objects. */
export interface CheckedObjects {
  /** Hashed. */
  objects: number;
  /** Plain bytes that were hashed. */
  bytes: number;
  /** Plain sizes of those that are there and whole, as far as they were hashed. */
  whole: Map<ObjectId, number>;
}

/** Trees and lists are small; this only bounds the batches they are read in. */
const GUESS_BYTES = 4096;
const BATCH = 1000;

/** Hashes every object of an owner. @throws RoseError CANCELLED */
export async function checkAll(
  objects: Pick<ObjectStore, 'all'>,
  ownerId: number,
  sampling: Sampling,
  signal?: AbortSignal,
): Promise<CheckedObjects> {
  const check = new ObjectCheck(sampling);
  for await (const object of objects.all(ownerId)) {
    requireGoingOn(signal);
    check.take(object, false);
  }
  return check.result;
}

/**
 * Hashes what some root trees reach, as far as it can be read: what hangs on a damaged directory is not known.
 * @throws RoseError CANCELLED
 */
export async function checkReachable(
  objects: Pick<ObjectStore, 'present'>,
  ownerId: number,
  roots: Iterable<ObjectId>,
  sampling: Sampling,
  signal?: AbortSignal,
): Promise<CheckedObjects> {
  const walk = new CheckingWalk(objects, ownerId, sampling, signal);
  await walk.run(roots);
  return walk.check.result;
}

class ObjectCheck {
  readonly result: CheckedObjects = { objects: 0, bytes: 0, whole: new Map() };
  readonly #sampling: Sampling;

  constructor(sampling: Sampling) {
    this.#sampling = sampling;
  }

  /** @returns the plain bytes, if they are wanted and whole; only then they are hashed though they are not sampled */
  take({ id, size, data, isAsWritten }: CheckedBytes, isWanted: boolean): Buffer | null {
    const { sample, seed } = this.#sampling;
    if (!isWanted && !isSampled(id, sample, seed)) {
      this.result.whole.set(id, size);
      return null;
    }
    this.result.objects += 1;
    this.result.bytes += size;
    const plain = isAsWritten ? opened(id, data, size) : null;
    if (plain !== null) this.result.whole.set(id, size);
    return plain;
  }
}

/** Directories first, so that few are held; a directory's bytes may be a file's elsewhere, and are hashed twice then. */
class CheckingWalk {
  readonly check: ObjectCheck;
  readonly #objects: Pick<ObjectStore, 'present'>;
  readonly #ownerId: number;
  readonly #signal: AbortSignal | undefined;
  readonly #met = { tree: new Set<ObjectId>(), list: new Set<ObjectId>(), chunk: new Set<ObjectId>() };
  readonly #pending: { id: ObjectId; role: Role }[] = [];
  #chunks: SizedId[] = [];

  constructor(
    objects: Pick<ObjectStore, 'present'>,
    ownerId: number,
    sampling: Sampling,
    signal: AbortSignal | undefined,
  ) {
    this.check = new ObjectCheck(sampling);
    this.#objects = objects;
    this.#ownerId = ownerId;
    this.#signal = signal;
  }

  async run(roots: Iterable<ObjectId>): Promise<void> {
    for (const root of roots) this.#meet(root, 'tree');
    while (this.#pending.length > 0) {
      await this.#expandBatch(this.#pending.splice(-BATCH));
      if (this.#chunks.length >= BATCH) await this.#takeChunks();
    }
    await this.#takeChunks();
  }

  #meet(id: ObjectId, role: Role): void {
    if (this.#met[role].has(id)) return;
    this.#met[role].add(id);
    this.#pending.push({ id, role });
  }

  #meetChunks(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (this.#met.chunk.has(chunk.id)) continue;
      this.#met.chunk.add(chunk.id);
      this.#chunks.push(chunk);
    }
  }

  async #expandBatch(batch: readonly { id: ObjectId; role: Role }[]): Promise<void> {
    const roles = new Map<ObjectId, Role[]>();
    for (const { id, role } of batch) roles.set(id, [...(roles.get(id) ?? []), role]);
    const wanted = [...roles.keys()].map((id): SizedId => ({ id, size: GUESS_BYTES }));
    const cut: Chunk[][] = [];
    for await (const object of this.#objects.present(this.#ownerId, wanted)) {
      requireGoingOn(this.#signal);
      const plain = this.check.take(object, true);
      if (plain === null) continue;
      for (const role of roles.get(object.id)!) this.#expand(role, plain, cut);
    }
    for (const pieces of cut) await this.#expandCut(pieces);
  }

  /** What is no directory or no list although it is named as one is named as damage by who walks the version. */
  #expand(role: Role, plain: Buffer, cut: Chunk[][]): void {
    try {
      if (role === 'list') this.#meetChunks(decodeList(plain));
      else if (isList(plain)) cut.push(decodeList(plain));
      else this.#meetEntries(plain);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
    }
  }

  async #expandCut(pieces: readonly Chunk[]): Promise<void> {
    for (const { id } of pieces) this.#met.chunk.add(id);
    const found = new Map<ObjectId, Buffer>();
    for await (const object of this.#objects.present(this.#ownerId, pieces)) {
      const plain = this.check.take(object, true);
      if (plain !== null) found.set(object.id, plain);
    }
    const parts = pieces.flatMap(({ id }) => found.get(id) ?? []);
    if (parts.length < pieces.length) return;
    try {
      this.#meetEntries(Buffer.concat(parts));
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
    }
  }

  #meetEntries(plain: Buffer): void {
    for (const entry of readTree(plain)) {
      if (entry.kind === 'directory') this.#meet(entry.tree, 'tree');
      else if (entry.kind === 'file') {
        if ('list' in entry.content) this.#meet(entry.content.list, 'list');
        else this.#meetChunks(entry.content.chunks);
      }
    }
  }

  async #takeChunks(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    for await (const object of this.#objects.present(this.#ownerId, chunks)) {
      requireGoingOn(this.#signal);
      this.check.take(object, false);
    }
  }
}

export function requireGoingOn(signal?: AbortSignal): void {
  if (signal?.aborted === true) throw new RoseError('CANCELLED', 'The check of the store was cancelled.');
}

function opened(id: ObjectId, data: Buffer, size: number): Buffer | null {
  try {
    return openObject(id, data, size);
  } catch (error) {
    if (error instanceof ObjectError) return null;
    throw error;
  }
}

function isSampled(id: ObjectId, sample: number, seed: number): boolean {
  return sample >= 1 || ((Number.parseInt(id.slice(0, 8), 16) ^ seed) >>> 0) / 2 ** 32 < sample;
}
