import { errorFromBody, RoseError } from '@rose/contract';
import {
  decodeJson,
  decodeList,
  FrameError,
  fromText,
  ObjectError,
  openObject,
  OBJECT_ID_BYTES,
  parseObjectId,
  readTree,
  SAVE_FRAME,
  totalSize,
  type Chunk,
  type FileEntry,
  type Frame,
  type ObjectFrame,
  type ObjectId,
  type SaveProgress,
  type SaveSummary,
  type TreeEntry,
  type VersionLimits,
} from '@rose/snapshot';
import { z } from 'zod';
import type { NewObject, TreeTotals } from '../drivers/objects/objects.ts';
import { SaveBounds } from './save-bounds.ts';

/** Where a save's verified objects go. */
export interface SaveTarget {
  /** The plain bytes are the target's from now on. */
  keep(object: NewObject, plain: Buffer): Promise<void>;
  /** Totals of a tree that this save did not send. */
  totals(ids: readonly ObjectId[]): Promise<Map<ObjectId, TreeTotals>>;
  /** Plain bytes of chunks; only of those that this save sent. */
  read(chunks: readonly Chunk[]): Promise<Buffer>;
}

export interface ReceivedSave {
  summary: SaveSummary;
  root: ObjectId;
  totals: TreeTotals;
  /** Compressed bytes of all objects sent. */
  storedBytes: number;
  /** What the stream brought; everything else must be part of the base. */
  sent: SentObjects;
}

/** Sizes and totals of the objects of one save. */
export class SentObjects {
  readonly chunks = new Map<ObjectId, number>();
  readonly lists = new Map<ObjectId, number>();
  readonly trees = new Map<ObjectId, TreeTotals>();
  /** Whether some tree refers to what was not sent. */
  refersToBase = false;
}

/**
 * Reads the objects of a save and checks every rule on the way: hashes, sizes, order, limits.
 * Nothing that a container says is believed. References to objects that were not sent are
 * left to `requireComplete`.
 * @throws RoseError AGENT_LIED, LIMIT_EXCEEDED, or the failure that the agent reports
 */
export async function receiveSave(
  frames: AsyncIterable<Frame>,
  target: SaveTarget,
  limits: VersionLimits,
  onProgress: (progress: SaveProgress) => void,
): Promise<ReceivedSave> {
  const receiver = new SaveReceiver(target, limits);
  const bounds = new SaveBounds(limits);
  try {
    for await (const frame of frames) {
      if (frame.type === SAVE_FRAME.progress) {
        bounds.report();
        onProgress(progressSchema.parse(decodeJson(frame.payload)));
      } else if (frame.type === SAVE_FRAME.error)
        throw errorFromBody(decodeJson(frame.payload)) ?? lied('it failed without a reason');
      else if (frame.type === SAVE_FRAME.end) return await receiver.end(summarySchema.parse(decodeJson(frame.payload)));
      else {
        bounds.object(frame.payload.length);
        await receiver.object(frame);
      }
    }
  } catch (error) {
    if (error instanceof ObjectError || error instanceof FrameError || error instanceof z.ZodError)
      throw lied(error.message, error);
    throw error;
  }
  throw new RoseError('AGENT_UNAVAILABLE', 'The dev container broke off the save. Nothing was saved; try again.');
}

/** Takes the objects of a save one by one. @throws ObjectError, FrameError, RoseError AGENT_LIED, LIMIT_EXCEEDED */
export class SaveReceiver {
  readonly #target: SaveTarget;
  readonly #limits: VersionLimits;
  readonly #sent = new SentObjects();
  #storedBytes = 0;

  constructor(target: SaveTarget, limits: VersionLimits) {
    this.#target = target;
    this.#limits = limits;
  }

  async object({ type, payload }: Frame): Promise<void> {
    if (payload.length < OBJECT_ID_BYTES + 4) throw new ObjectError('An object frame is too short.');
    const id = parseObjectId(payload.toString('hex', 0, OBJECT_ID_BYTES));
    const size = payload.readUInt32LE(OBJECT_ID_BYTES);
    const data = payload.subarray(OBJECT_ID_BYTES + 4);
    const plain = openObject(id, data, size);
    const totals = await this.#register(type as ObjectFrame, id, plain);
    this.#storedBytes += data.length;
    await this.#target.keep({ id, size, data, totals }, plain);
  }

  async #register(type: ObjectFrame, id: ObjectId, plain: Buffer): Promise<TreeTotals | null> {
    switch (type) {
      case SAVE_FRAME.chunk:
        if (plain.length === 0) throw new ObjectError('A chunk is empty.');
        this.#sent.chunks.set(id, plain.length);
        return null;
      case SAVE_FRAME.list:
        this.#sent.lists.set(id, this.#listSize(decodeList(plain)));
        return null;
      case SAVE_FRAME.tree:
        return await this.#tree(id, readTree(plain));
      case SAVE_FRAME.treeList: {
        const chunks = decodeList(plain);
        if (totalSize(chunks) > MAX_CUT_TREE_BYTES) throw new ObjectError('A directory is too large.');
        // From the store anything of the owner could be read: its pieces come with the tree, always.
        if (chunks.some((chunk) => this.#sent.chunks.get(chunk.id) !== chunk.size)) throw unknownObject();
        return await this.#tree(id, readTree(await this.#target.read(chunks)));
      }
      default:
        throw new FrameError(`A save has no frame of type ${String(type)}.`);
    }
  }

  async #tree(id: ObjectId, entries: Iterable<TreeEntry>): Promise<TreeTotals> {
    const totals: TreeTotals = { entries: 0, files: 0, bytes: 0, depth: 1 };
    const unknown: ObjectId[] = [];
    for (const entry of entries) {
      totals.entries += 1;
      if (entry.kind === 'file') {
        this.#file(entry);
        totals.files += 1;
        totals.bytes += entry.size;
      } else if (entry.kind === 'directory') {
        const below = this.#sent.trees.get(entry.tree);
        if (below === undefined) unknown.push(entry.tree);
        else add(totals, below);
      }
    }
    if (unknown.length > 0) await this.#addFromBase(totals, unknown);
    this.#requireLimits(totals);
    this.#sent.trees.set(id, totals);
    return totals;
  }

  async #addFromBase(totals: TreeTotals, ids: readonly ObjectId[]): Promise<void> {
    this.#sent.refersToBase = true;
    const known = await this.#target.totals(ids);
    for (const id of ids) {
      const below = known.get(id);
      if (below === undefined) throw unknownObject();
      add(totals, below);
    }
  }

  #file(entry: FileEntry): void {
    const { content, size } = entry;
    if ('list' in content) {
      const known = this.#sent.lists.get(content.list);
      if (known === undefined) this.#sent.refersToBase = true;
      else if (known !== size) throw wrongSize();
    } else this.#listSize(content.chunks);
  }

  #listSize(chunks: readonly Chunk[]): number {
    for (const { id, size } of chunks) {
      const known = this.#sent.chunks.get(id);
      if (known === undefined) this.#sent.refersToBase = true;
      else if (known !== size) throw wrongSize();
    }
    return totalSize(chunks);
  }

  #requireLimits(totals: TreeTotals): void {
    for (const limit of ['entries', 'bytes', 'depth'] as const) {
      if (totals[limit] <= this.#limits[limit]) continue;
      const message = `The workspace is over the limit of ${this.#limits[limit]} ${limit} a version. Nothing was saved.`;
      throw new RoseError('LIMIT_EXCEEDED', message, { limit, value: totals[limit], allowed: this.#limits[limit] });
    }
  }

  async end(summary: SaveSummary): Promise<ReceivedSave> {
    return { summary, ...(await this.root(summary.root)) };
  }

  /** What was received below a root tree, which may be part of the base. */
  async root(id: string): Promise<Omit<ReceivedSave, 'summary'>> {
    const root = parseObjectId(id);
    let totals = this.#sent.trees.get(root);
    if (totals === undefined) {
      this.#sent.refersToBase = true;
      totals = (await this.#target.totals([root])).get(root);
    }
    if (totals === undefined) throw unknownObject();
    return { root, totals, storedBytes: this.#storedBytes, sent: this.#sent };
  }
}

const MAX_CUT_TREE_BYTES = 64 * 1024 * 1024;

function add(totals: TreeTotals, below: TreeTotals): void {
  totals.entries += below.entries;
  totals.files += below.files;
  totals.bytes += below.bytes;
  totals.depth = Math.max(totals.depth, below.depth + 1);
}

const path = z.string().max(65_536).refine(isPath, 'It names a path that no file can have.');
const progressSchema = z.object({ files: z.number().min(0), bytes: z.number().min(0) });
const summarySchema = z.object({
  root: z.string(),
  rootMtimeNs: z.string().refine(isInt64, 'It has a time out of range.'),
  changed: z.array(path).max(1000),
  skipped: z.array(z.object({ path, reason: z.string().regex(/^[ -~]{0,200}$/) })).max(1000),
  mismatched: z.array(path).max(1000),
});

/** Whether a text stands for the bytes of a path. */
function isPath(text: string): boolean {
  try {
    return !fromText(text).includes('\0');
  } catch {
    return false;
  }
}

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** The same words whether the owner has such an object elsewhere or nobody has it. */
export function unknownObject(): RoseError<'AGENT_LIED'> {
  return lied('it refers to an object that was neither sent nor part of the version before.');
}

export function wrongSize(): RoseError<'AGENT_LIED'> {
  return lied('a file has another size than its pieces.');
}

export function lied(why: string, cause?: unknown): RoseError<'AGENT_LIED'> {
  return new RoseError(
    'AGENT_LIED',
    `What the dev container sent is not a valid workspace: ${why} Nothing was saved.`,
    {},
    { cause },
  );
}
