import type { ObjectId } from '@rose/snapshot';

/**
 * The content-addressed store: objects of an owner, each once, whatever project sent it.
 * Owners never share objects, so nobody can probe for what others have.
 */
export interface ObjectStore {
  /**
   * Begins a save. Until it is disposed, the owner's objects are not collected.
   * @throws RoseError DATABASE_UNAVAILABLE
   */
  beginSave(ownerId: number): Promise<SaveSession>;

  /**
   * Stored objects in the order of `ids`, in bounded memory.
   * @throws RoseError DAMAGED when one is missing or does not hold the bytes that were put. Hashes are the reader's to check.
   */
  read(ownerId: number, ids: Iterable<SizedId> | AsyncIterable<SizedId>): AsyncGenerator<StoredBytes, void>;

  /**
   * The same all at once, which is faster: the caller bounds how much, and knows the sizes. The data are views of a few
   * pieces of memory.
   * @throws RoseError DAMAGED likewise
   */
  readAll(ownerId: number, ids: Iterable<SizedId>): Promise<StoredBytes[]>;

  /** Every object of an owner, in order of id, damaged ones too. */
  all(ownerId: number): AsyncGenerator<CheckedBytes>;

  /** Sizes of every object of an owner, in order of id: plain, and as stored. */
  sizes(ownerId: number): AsyncGenerator<StoredSize>;

  /** Compressed bytes of all objects of an owner. */
  storedBytes(ownerId: number): Promise<number>;

  /**
   * Keeps every save of the owner out while `deed` runs; waits for those that run now.
   * @returns null when one still ran after `waitMs`: try again later
   */
  alone<T>(
    ownerId: number,
    waitMs: number,
    deed: (remove: (ids: readonly ObjectId[]) => Promise<void>) => Promise<T>,
  ): Promise<T | null>;

  /**
   * Those of these objects of one owner that another lacks. The caller holds a save of both until he has made a version
   * of them.
   * @throws RoseError DAMAGED when the first does not have one of them either
   */
  lacking(owners: TwoOwners, ids: readonly ObjectId[]): Promise<LackingObject[]>;

  /** Gives one owner's objects to another as they are stored; whole or not is the reader's to check. Likewise. */
  copy(owners: TwoOwners, objects: readonly { id: ObjectId }[]): Promise<void>;

  /** Those of these objects that are there, damaged ones too, in the order of `ids` and in bounded memory. */
  present(ownerId: number, ids: Iterable<SizedId>): AsyncGenerator<CheckedBytes>;

  /** Grows whenever objects of an owner are written or removed here. */
  changes(ownerId: number): number;

  /** Totals of trees; ids that are missing or were never sent as a tree are absent. */
  totals(ownerId: number, ids: readonly ObjectId[]): Promise<Map<ObjectId, TreeTotals>>;
}

export interface SaveSession extends AsyncDisposable {
  /**
   * Must come right before the version is made of what was put.
   * @throws RoseError DATABASE_UNAVAILABLE when it may have been collected since
   */
  confirm(): Promise<void>;
  /**
   * Stores verified objects that are not there yet, and in place of those whose stored bytes are not these: a
   * damaged object is healed so. They become garbage unless a version is made of them.
   * @returns the compressed bytes of those that were not there
   */
  put(objects: readonly NewObject[]): Promise<number>;
}

export interface NewObject {
  id: ObjectId;
  /** Plain bytes. */
  size: number;
  /** One zstd frame. */
  data: Buffer;
  /** For trees only. */
  totals: TreeTotals | null;
}

/** Of a tree and all below it. */
export interface TreeTotals {
  /** Files, directories and symlinks. */
  entries: number;
  files: number;
  bytes: number;
  /** 1 for a tree without directories. */
  depth: number;
}

/** An id, and about how many bytes it holds: lets a reader bound its batches. */
export interface SizedId {
  id: ObjectId;
  size: number;
}

export interface StoredSize {
  id: ObjectId;
  /** Plain bytes. */
  size: number;
  /** Compressed bytes. */
  stored: number;
}

/** From whom, and to whom. */
export interface TwoOwners {
  from: number;
  to: number;
}

export interface LackingObject {
  id: ObjectId;
  /** Compressed bytes. */
  stored: number;
}

export interface StoredBytes {
  id: ObjectId;
  size: number;
  data: Buffer;
}

export interface CheckedBytes extends StoredBytes {
  /** Whether the bytes are those that were put, to the last bit. */
  isAsWritten: boolean;
}
