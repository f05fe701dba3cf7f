import {
  encodePathParameter,
  STREAMS,
  type CommandExit,
  type PushedTree,
  type UnzippedArchive,
  type WrittenFile,
} from '@rose/contract/streams';
import type { AgentRouter } from '@rose/dev-container/router';
import type { TRPCClient } from '@trpc/client';
import { commandRequest, readCommand, type RunOptions } from './command.ts';
import type { Upload } from './fetch.ts';
import type { ByteCall, Http } from './http.ts';
import { joined } from './joined.ts';
import { procedures } from './procedures.ts';
import { Terminal, type TerminalOptions } from './terminal.ts';

export interface CallOptions {
  signal?: AbortSignal;
}

/** The byte streams of a workspace. Paths are relative to its root, '' is the root. */
export interface WorkspaceStreams {
  /** @param options `offset` and `length` in bytes */
  readFile(
    path: string,
    options?: CallOptions & { offset?: number; length?: number },
  ): Promise<ReadableStream<Uint8Array>>;
  /** @param options `expectedHash`: refuse to overwrite anything else; null = nothing may be there */
  writeFile(
    path: string,
    content: Upload,
    options?: CallOptions & { expectedHash?: string | null },
  ): Promise<WrittenFile>;
  /** Runs a program without a shell and returns when it has ended. */
  run(argv: string[], options?: RunOptions): Promise<CommandExit>;
  /** The tree below a directory, as TREE_FRAMEs (docs/store.md). */
  pull(path: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  /** Writes TREE_FRAMEs below a directory. @param options `delete`: remove what the stream does not name */
  push(path: string, tree: Upload, options?: CallOptions & { delete?: boolean }): Promise<PushedTree>;
  zip(path: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  /** Unpacks a zip into a directory, all or nothing. */
  unzip(path: string, zip: Upload, options?: CallOptions): Promise<UnzippedArchive>;
  /** Looks at a terminal that `terminals.create` made. */
  terminal(id: string, options: TerminalOptions): Terminal;
  /** A TCP connection to a port of the container's own loopback: what comes in, for what goes out. Not in browsers. */
  connect(
    port: number,
    outgoing: AsyncIterable<Uint8Array>,
    options?: CallOptions,
  ): Promise<ReadableStream<Uint8Array>>;
}

/** The live workspace of a project: the agent's procedures and its byte streams. */
export type Workspace = TRPCClient<AgentRouter> & WorkspaceStreams;

/** @throws from every call: RoseError */
export function workspaceOf(http: Http, projectId: number): Workspace {
  const agent = `/projects/${projectId}/agent`;
  const get = (name: string, query: Query, { signal }: CallOptions): ByteCall => {
    return { method: 'GET', path: `${agent}/-/${name}${queryOf(query)}`, signal };
  };
  const post = (name: string, query: Query, body: Upload, { signal }: CallOptions): ByteCall => {
    const path = `${agent}/-/${name}${queryOf(query)}`;
    return { method: 'POST', path, body, type: 'application/octet-stream', signal };
  };
  const calls = procedures<AgentRouter>(http, agent);
  const streams: WorkspaceStreams = {
    readFile: (path, { offset, length, ...options } = {}) =>
      http.bytes(get(STREAMS.readFile, { path, offset, length }, options)),
    writeFile: (path, content, { expectedHash, ...options } = {}) =>
      http.json(post(STREAMS.writeFile, { path, expectedHash }, content, options)),
    run: async (argv, options = {}) =>
      readCommand(await http.bytes(post(STREAMS.runCommand, {}, commandRequest(argv, options), options)), options),
    pull: (path, options = {}) => http.bytes(get(STREAMS.pull, { path }, options)),
    push: (path, tree, { delete: others = false, ...options } = {}) =>
      http.json(post(STREAMS.push, { path, delete: others ? 1 : 0 }, tree, options)),
    zip: (path, options = {}) => http.bytes(get(STREAMS.zip, { path }, options)),
    unzip: (path, zip, options = {}) => http.json(post(STREAMS.unzip, { path }, zip, options)),
    terminal: (id, options) => {
      const open = (after: number): WebSocket =>
        http.webSocket(`${agent}/-/${STREAMS.attachTerminal}${queryOf({ id, after })}`);
      return new Terminal({ open, ask: (signal) => calls.terminals.list.query(undefined, { signal }) }, options);
    },
    connect: (port, outgoing, options = {}) =>
      http.bytes(post(STREAMS.connectPort, { port }, begun(outgoing), options)),
  };
  return joined(streams, calls);
}

type Query = Record<string, string | number | null | undefined>;

function queryOf(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodePathParameter(String(value))}`).join('&')}`;
}

/** A request begins with the first byte of its body; this one is dropped by the receiver. */
async function* begun(outgoing: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  yield* outgoing;
}
