import { randomUUID } from 'node:crypto';
import type { VersionKind } from '@rose/contract';
import { compress, cutTree, encodeTree, idOf, type ObjectId, type Raw, type TreeEntry } from '@rose/snapshot';
import { testDatabase } from '@rose/testing';
import type { Database } from '../src/drivers/database/index.ts';
import type { NewObject } from '../src/drivers/objects/objects.ts';
import { PostgresObjects } from '../src/drivers/objects/postgres-objects.ts';
import { Collector } from '../src/store/collector.ts';
import { SpaceService } from '../src/store/space.ts';
import { StoreRepository } from '../src/store/store-repository.ts';
import { Verifier, type Damage } from '../src/store/verifier.ts';
import { RetentionRepository } from '../src/versions/retention-repository.ts';
import { createTreeCache, type TreeCache } from '../src/versions/trees.ts';
import { VersionsRepository } from '../src/versions/versions-repository.ts';

/** Files by name; an object is a directory. */
export interface Files {
  [name: string]: string | Buffer | Files;
}

/** The store over a real database, without containers. */
export interface StoreBench extends AsyncDisposable {
  database: Database;
  objects: PostgresObjects;
  versions: VersionsRepository;
  retention: RetentionRepository;
  repository: StoreRepository;
  collector: Collector;
  space: SpaceService;
  trees: TreeCache;
  ownerId: number;
  project(name?: string, ownerId?: number): Promise<number>;
  /** Makes a version of these files, as a save does. @returns its number */
  save(projectId: number, files: Files, kind?: VersionKind): Promise<number>;
  /** Makes a version of any tree and objects. */
  saveObjects(projectId: number, root: ObjectId, objects: readonly NewObject[], kind?: VersionKind): Promise<number>;
  damaged(): Promise<Damage[]>;
  /** Ids of all objects of the owner. */
  ids(): Promise<ObjectId[]>;
}

const NO_TOTALS = { entries: 0, files: 0, bytes: 0, depth: 1 };
const attributes = { mode: 0o644, mtimeSeconds: 1, mtimeNanoseconds: 0 };

export async function storeBench(): Promise<StoreBench> {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await testDatabase());
  const { prisma, pool } = database;
  const objects = new PostgresObjects(pool);
  const repository = new StoreRepository(prisma);
  const versions = new VersionsRepository(prisma);
  const trees = createTreeCache();
  const verifier = new Verifier({ objects, repository, trees });
  const user = { email: 'ada@example.org', name: 'Ada', passwordHash: 'x' };
  const { id: ownerId } = await prisma.user.create({ data: user });
  const saveObjects: StoreBench['saveObjects'] = async (projectId, root, parcel, kind = 'manual') => {
    await using session = await objects.beginSave(ownerId);
    for (let at = 0; at < parcel.length; at += 100) await session.put(parcel.slice(at, at + 100));
    return await versions.add({ projectId, root, kind, ...facts });
  };
  const owned = parts.move();
  return {
    database,
    objects,
    versions,
    retention: new RetentionRepository(prisma),
    repository,
    collector: new Collector(objects, repository),
    space: new SpaceService(objects, repository, null),
    trees,
    ownerId,
    project: async (name = randomUUID(), owner = ownerId) =>
      (await prisma.project.create({ data: { ownerId: owner, name, workspacePath: randomUUID() } })).id,
    save: async (projectId, files, kind) => {
      const { root, objects: parcel } = parcelOf(files);
      return await saveObjects(projectId, root, parcel, kind);
    },
    saveObjects,
    damaged: async () => (await verifier.verify(ownerId, { projectId: null, sample: 1, seed: 0 })).damaged,
    ids: async () => (await Array.fromAsync(objects.sizes(ownerId))).map(({ id }) => id),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const facts = {
  message: '',
  authorId: null,
  requestId: null,
  activates: true,
  rootMtimeNs: 0n,
  files: 0,
  logicalBytes: 0,
  storedBytes: 0,
  durationMs: 0,
  changed: [],
  skipped: [],
};

export function objectOf(plain: Buffer, totals: NewObject['totals'] = null): NewObject {
  return { id: idOf(plain), size: plain.length, data: compress(plain), totals };
}

/** The objects of a tree; one that is too large is cut, as agents do. */
export function parcelOf(files: Files): { root: ObjectId; objects: NewObject[] } {
  const parcel = new Map<ObjectId, NewObject>();
  const root = addTree(parcel, files);
  return { root, objects: [...parcel.values()] };
}

function addTree(parcel: Map<ObjectId, NewObject>, files: Files): ObjectId {
  const entries = Object.entries(files)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => addEntry(parcel, name as Raw, content));
  const encoding = encodeTree(entries);
  const cut = cutTree(encoding);
  for (const { plain } of cut?.chunks ?? []) parcel.set(idOf(plain), objectOf(plain));
  const object = objectOf(cut?.list ?? encoding, NO_TOTALS);
  parcel.set(object.id, object);
  return object.id;
}

function addEntry(parcel: Map<ObjectId, NewObject>, name: Raw, content: string | Buffer | Files): TreeEntry {
  if (typeof content !== 'string' && !Buffer.isBuffer(content))
    return { ...attributes, kind: 'directory', name, tree: addTree(parcel, content) };
  const bytes = Buffer.from(content);
  if (bytes.length === 0) return { ...attributes, kind: 'file', name, size: 0, content: { chunks: [] } };
  const object = objectOf(bytes);
  if (!parcel.has(object.id)) parcel.set(object.id, object);
  return {
    ...attributes,
    kind: 'file',
    name,
    size: bytes.length,
    content: { chunks: [{ id: object.id, size: bytes.length }] },
  };
}
