import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ErrorCode } from '@rose/contract';
import {
  compress,
  DEFAULT_VERSION_LIMITS,
  encodeFrame,
  encodeJsonFrame,
  encodeList,
  encodeTree,
  idOf,
  SAVE_FRAME,
  treeIdOf,
  type Chunk,
  type FileEntry,
  type ObjectFrame,
  type ObjectId,
  type Raw,
  type SaveSummary,
  type TreeEntry,
  type VersionLimits,
} from '@rose/snapshot';
import { codeOf, testDatabase } from '@rose/testing';
import { pino } from 'pino';
import { AgentConnection } from '../src/drivers/agent/agent-connection.ts';
import { PostgresObjects } from '../src/drivers/objects/postgres-objects.ts';
import { SettingsRepository } from '../src/settings/settings-repository.ts';
import { SettingsService } from '../src/settings/settings-service.ts';
import { PendingLoads } from '../src/versions/pending-loads.ts';
import { PreSaveHook } from '../src/versions/pre-save-hook.ts';
import { Progress } from '../src/versions/progress.ts';
import { Saver, type SavedVersion, type SaveOrder } from '../src/versions/saver.ts';
import { createTreeCache } from '../src/versions/trees.ts';
import { VersionsRepository } from '../src/versions/versions-repository.ts';

/** What a lying agent answers to a save. */
export type Bytes = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The saver over a real store, and an agent that answers whatever a test makes up. */
export interface LiarBench extends AsyncDisposable {
  /** The project's owner, and a second project of his. */
  project: ProjectIds;
  sibling: ProjectIds;
  /** Somebody else's project. */
  stranger: ProjectIds;
  save(project: ProjectIds, answer: Bytes, signal?: AbortSignal): Promise<SavedVersion>;
  scan(project: ProjectIds, answer: Bytes): Promise<{ root: ObjectId }>;
  /** The code of a save's failure; checks that it left no version. */
  refused(project: ProjectIds, answer: Bytes, signal?: AbortSignal): Promise<ErrorCode>;
  versions(project: ProjectIds): Promise<number[]>;
  saver: Saver;
}

export interface ProjectIds {
  projectId: number;
  ownerId: number;
}

const order: Omit<SaveOrder, 'projectId' | 'ownerId'> = {
  kind: 'manual',
  message: '',
  authorId: null,
  requestId: null,
  full: false,
  unless: null,
  activates: true,
};

export async function liarBench(limits: VersionLimits = DEFAULT_VERSION_LIMITS): Promise<LiarBench> {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await testDatabase());
  const repository = new VersionsRepository(database.prisma);
  const objects = new PostgresObjects(database.pool);
  const settings = new SettingsService(new SettingsRepository(database.prisma), async () => {});
  const hook = new PreSaveHook((projectId) => settings.effectiveProjectSettings(projectId), pino({ level: 'silent' }));
  const loads = new PendingLoads(repository);
  const saver = new Saver({
    loads,
    objects,
    repository,
    hook,
    quota: { guard: (session) => session },
    trees: createTreeCache(),
    progress: new Progress(),
    limits,
  });
  let answer: Bytes = [];
  const agent = parts.use(await agentAnswering(() => answer));

  const owner = async (name: string): Promise<number> =>
    (await database.prisma.user.create({ data: { email: `${name}@example.org`, name, passwordHash: 'x' } })).id;
  const projectOf = async (ownerId: number, name: string): Promise<ProjectIds> => {
    const data = { ownerId, name, workspacePath: randomUUID() };
    return { ownerId, projectId: (await database.prisma.project.create({ data })).id };
  };
  const ada = await owner('ada');
  const [project, sibling] = [await projectOf(ada, 'engine'), await projectOf(ada, 'notes')];
  const stranger = await projectOf(await owner('mallory'), 'plans');
  const versions = async ({ projectId }: ProjectIds): Promise<number[]> =>
    (await repository.list(projectId)).map(({ version }) => version);
  const save = (ids: ProjectIds, bytes: Bytes, signal?: AbortSignal): Promise<SavedVersion> => {
    answer = bytes;
    return saver.save({ ...ids, ...order }, agent.connection, signal);
  };
  const owned = parts.move();
  return {
    project,
    sibling,
    stranger,
    save,
    scan: (ids, bytes) => {
      answer = bytes;
      return saver.scan(ids, agent.connection);
    },
    refused: async (ids, bytes, signal) => {
      const before = await versions(ids);
      const code = await codeOf(save(ids, bytes, signal));
      if ((await versions(ids)).length !== before.length) throw new Error('A refused save left a version.');
      return code;
    },
    versions,
    saver,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An agent on a socket of its own, which answers every call with status 200 and these bytes. */
export async function agentAnswering(answer: () => Bytes): Promise<{ connection: AgentConnection } & AsyncDisposable> {
  const socketPath = path.join(tmpdir(), `rose-liar-${randomBytes(6).toString('hex')}.sock`);
  const server = createServer((request, response) => {
    request.resume();
    void send(response, answer());
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const open = async (): Promise<Socket> => {
    const socket = connect(socketPath);
    await once(socket, 'connect');
    return socket;
  };
  const connection = new AgentConnection(open, 'secret');
  return {
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(socketPath, { force: true });
    },
  };
}

async function send(response: ServerResponse, answer: Bytes): Promise<void> {
  const gone = new AbortController();
  response.on('error', () => {});
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
  for await (const piece of answer) {
    if (gone.signal.aborted) return;
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal }).catch(() => {});
  }
  response.end();
}

const attributes = { mode: 0o644, mtimeSeconds: 1, mtimeNanoseconds: 0 };

export function objectFrame(type: ObjectFrame, plain: Buffer, id: ObjectId = idOf(plain), size = plain.length): Buffer {
  const head = Buffer.alloc(36);
  head.write(id, 0, 'hex');
  head.writeUInt32LE(size, 32);
  return encodeFrame(type, head, compress(plain));
}

export const chunkFrame = (content: string | Buffer): Buffer => objectFrame(SAVE_FRAME.chunk, Buffer.from(content));
export const treeFrame = (entries: TreeEntry[]): Buffer => objectFrame(SAVE_FRAME.tree, encodeTree(entries));
export const listFrame = (chunks: Chunk[]): Buffer => objectFrame(SAVE_FRAME.list, encodeList(chunks));

export function chunkOf(content: string | Buffer): Chunk {
  const bytes = Buffer.from(content);
  return { id: idOf(bytes), size: bytes.length };
}

export function fileEntry(name: string, content: string | Buffer, change: Partial<FileEntry> = {}): FileEntry {
  const chunk = chunkOf(content);
  return { ...attributes, kind: 'file', name: name as Raw, size: chunk.size, content: { chunks: [chunk] }, ...change };
}

export function directoryEntry(name: string, tree: ObjectId | TreeEntry[]): TreeEntry {
  const id = typeof tree === 'string' ? tree : treeIdOf(encodeTree(tree));
  return { ...attributes, kind: 'directory', name: name as Raw, tree: id };
}

export function endFrame(
  root: ObjectId | TreeEntry[],
  change: Partial<SaveSummary> | Record<string, unknown> = {},
): Buffer {
  const id = typeof root === 'string' ? root : treeIdOf(encodeTree(root));
  const summary = { root: id, rootMtimeNs: '1', changed: [], skipped: [], mismatched: [], ...change };
  return encodeJsonFrame(SAVE_FRAME.end, summary);
}

/** An honest save of these files. */
export function honest(files: Record<string, string>): Buffer[] {
  const entries = Object.entries(files).map(([name, content]) => fileEntry(name, content));
  return [...Object.values(files).map(chunkFrame), treeFrame(entries), endFrame(entries)];
}
