import { randomUUID } from 'node:crypto';
import {
  decodeJson,
  decodeList,
  decodeTree,
  encodeFrame,
  encodeJsonFrame,
  FrameParser,
  fromText,
  isList,
  joinRaw,
  LOAD_FRAME,
  mtimeNs,
  openObject,
  parseObjectId,
  SAVE_FRAME,
  toText,
  type Chunk,
  type FileEntry,
  type LoadOperation,
  type LoadOutcome,
  type ObjectFrame,
  type ObjectId,
  type Raw,
  type SaveRequest,
  type SaveSummary,
  type TreeEntry,
} from '@rose/snapshot';
import type { SnapshotEngine } from '../src/snapshot/engine.ts';

export interface Saved {
  root: ObjectId;
  summary: SaveSummary;
  /** Ids that the save sent, by the kind of their frames. */
  sent: Record<keyof typeof kinds, ObjectId[]>;
}

const kinds = {
  chunks: SAVE_FRAME.chunk,
  lists: SAVE_FRAME.list,
  trees: SAVE_FRAME.tree,
  treeLists: SAVE_FRAME.treeList,
};

/** A store in memory, and the orchestrator's side of saves and loads in its simplest form. */
export class Versions {
  readonly #objects = new Map<ObjectId, { size: number; data: Buffer }>();

  save(engine: SnapshotEngine, request: Partial<SaveRequest> = {}): Saved {
    const frames: [ObjectFrame, ObjectId][] = [];
    const order = { base: null, full: false, scan: false, ...request };
    const summary = engine.save(order, {
      object: (frame, id, size, data) => {
        frames.push([frame, id]);
        openObject(id, data, size);
        const objects = order.scan ? this.#scanned : this.#objects;
        objects.set(id, { size, data: Buffer.from(data) });
      },
      progress: () => {},
    });
    const of = (kind: ObjectFrame): ObjectId[] => frames.filter(([frame]) => frame === kind).map(([, id]) => id);
    const sent = { chunks: of(1), lists: of(3), trees: of(2), treeLists: of(4) };
    return { root: parseObjectId(summary.root), summary, sent };
  }

  /** Takes the frames of a whole save as an agent sends them. */
  receive(bytes: Buffer, options: { scan?: boolean } = {}): Saved {
    const sent: Saved['sent'] = { chunks: [], lists: [], trees: [], treeLists: [] };
    for (const { type, payload } of new FrameParser().push(bytes)) {
      if (type === SAVE_FRAME.error) throw new Error(payload.toString());
      if (type === SAVE_FRAME.end) {
        const summary = decodeJson(payload) as SaveSummary;
        return { root: parseObjectId(summary.root), summary, sent };
      }
      if (type === SAVE_FRAME.progress) continue;
      const id = parseObjectId(payload.toString('hex', 0, 32));
      const object = { size: payload.readUInt32LE(32), data: Buffer.from(payload.subarray(36)) };
      (options.scan === true ? this.#scanned : this.#objects).set(id, object);
      for (const [name, kind] of Object.entries(kinds)) if (kind === type) sent[name as keyof typeof kinds].push(id);
    }
    throw new Error('The save broke off.');
  }

  /** Objects of scans are known for plans, and are not stored. */
  readonly #scanned = new Map<ObjectId, { size: number; data: Buffer }>();

  plain(id: ObjectId): Buffer {
    const object = this.#objects.get(id) ?? this.#scanned.get(id);
    if (object === undefined) throw new Error(`The object ${id} was never sent.`);
    return openObject(id, object.data, object.size);
  }

  tree(id: ObjectId): TreeEntry[] {
    const plain = this.plain(id);
    return decodeTree(isList(plain) ? Buffer.concat(decodeList(plain).map((chunk) => this.plain(chunk.id))) : plain);
  }

  /** Every path of a version with the size of its files; reads all of it. */
  paths(root: ObjectId, directory = '' as Raw): string[] {
    return this.tree(root).flatMap((entry) => {
      const path = joinRaw(directory, entry.name);
      if (entry.kind === 'directory') return [`${toText(path)}/`, ...this.paths(entry.tree, path)];
      if (entry.kind === 'file') this.content(entry);
      return [toText(path)];
    });
  }

  content(entry: FileEntry): Buffer {
    return Buffer.concat(
      this.#chunks(entry).map(({ id }) => this.plain(id)),
      entry.size,
    );
  }

  #chunks({ content }: FileEntry): readonly Chunk[] {
    return 'list' in content ? decodeList(this.plain(content.list)) : content.chunks;
  }

  /** The frames of a load of `target` over a workspace that was scanned as `live`. */
  loadFrames(
    live: Pick<Saved, 'root'>,
    target: Pick<Saved, 'root' | 'summary'>,
    loadId: string = randomUUID(),
  ): Buffer {
    const { rootMtimeNs } = target.summary;
    const frames = [
      encodeJsonFrame(LOAD_FRAME.begin, { loadId, base: live.root, target: target.root, rootMtimeNs, bytes: 0 }),
    ];
    for (const [operation, chunks] of this.#plan(live.root, target.root, '' as Raw)) {
      frames.push(encodeJsonFrame(LOAD_FRAME.operation, operation), ...chunks.map(({ id }) => this.#chunkFrame(id)));
    }
    const last: LoadOperation = { op: 'attributes', path: '', kind: 'directory', mode: 0, mtimeNs: rootMtimeNs };
    frames.push(encodeJsonFrame(LOAD_FRAME.operation, last), encodeFrame(LOAD_FRAME.end));
    return Buffer.concat(frames);
  }

  #chunkFrame(id: ObjectId): Buffer {
    const { size, data } = this.#objects.get(id)!;
    const head = Buffer.alloc(36);
    head.write(id, 0, 'hex');
    head.writeUInt32LE(size, 32);
    return encodeFrame(LOAD_FRAME.chunk, head, data);
  }

  *#plan(
    before: ObjectId | null,
    after: ObjectId | null,
    directory: Raw,
  ): Generator<[LoadOperation, readonly Chunk[]]> {
    const old = new Map((before === null ? [] : this.tree(before)).map((entry) => [entry.name, entry]));
    const now = new Map((after === null ? [] : this.tree(after)).map((entry) => [entry.name, entry]));
    for (const name of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
      yield* this.#pair(joinRaw(directory, name), old.get(name) ?? null, now.get(name) ?? null);
    }
  }

  *#pair(raw: Raw, a: TreeEntry | null, b: TreeEntry | null): Generator<[LoadOperation, readonly Chunk[]]> {
    const path = toText(raw);
    if (JSON.stringify(a) === JSON.stringify(b)) return;
    if (a !== null && b !== null && a.kind !== b.kind) {
      yield* this.#pair(raw, a, null);
      yield* this.#pair(raw, null, b);
    } else if (b === null) {
      if (a!.kind === 'directory') yield* this.#plan(a!.tree, null, raw);
      yield [{ op: 'remove', path, kind: a!.kind }, []];
    } else {
      yield* this.#put(raw, a, b);
    }
  }

  *#put(raw: Raw, a: TreeEntry | null, b: TreeEntry): Generator<[LoadOperation, readonly Chunk[]]> {
    const attributes = { path: toText(raw), mode: b.mode, mtimeNs: mtimeNs(b) };
    if (b.kind === 'directory') {
      if (a === null) yield [{ op: 'directory', path: attributes.path }, []];
      yield* this.#plan(a?.kind === 'directory' ? a.tree : null, b.tree, raw);
      yield [{ op: 'attributes', kind: 'directory', ...attributes }, []];
    } else if (b.kind === 'symlink') {
      if (a?.kind === 'symlink' && a.target === b.target)
        yield [{ op: 'attributes', kind: 'symlink', ...attributes }, []];
      else yield [{ op: 'write', kind: 'symlink', ...attributes, target: toText(b.target) }, []];
    } else if (a?.kind === 'file' && JSON.stringify(a.content) === JSON.stringify(b.content)) {
      yield [{ op: 'attributes', kind: 'file', ...attributes }, []];
    } else {
      const content = 'list' in b.content ? b.content : { chunks: [...b.content.chunks] };
      yield [{ op: 'write', kind: 'file', ...attributes, size: b.size, content }, this.#chunks(b)];
    }
  }

  /** Loads a version as the worker does, with a scan first. */
  load(engine: SnapshotEngine, target: Pick<Saved, 'root' | 'summary'>): LoadOutcome {
    this.stage(engine, this.save(engine, { scan: true }), target);
    return this.apply(engine);
  }

  stage(engine: SnapshotEngine, live: Pick<Saved, 'root'>, target: Pick<Saved, 'root' | 'summary'>): void {
    for (const frame of new FrameParser().push(this.loadFrames(live, target))) engine.stage(frame);
  }

  apply(engine: SnapshotEngine): LoadOutcome {
    try {
      return engine.apply(() => {}).outcome;
    } finally {
      engine.endLoad();
    }
  }
}

/** The entry at a path of a version. */
export function entryOf(versions: Versions, root: ObjectId, path: string): TreeEntry | undefined {
  let tree = root;
  const names = path.split('/').map(fromText);
  for (const name of names.slice(0, -1)) {
    const entry = versions.tree(tree).find((candidate) => candidate.name === name);
    if (entry?.kind !== 'directory') return undefined;
    tree = entry.tree;
  }
  return versions.tree(tree).find(({ name }) => name === names.at(-1));
}
