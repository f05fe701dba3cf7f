import { webFetch } from './fetch.ts';
import { buildRoseClient, type RoseClient, type RoseClientOptions } from './rose-client.ts';

export interface WebRoseClientOptions extends RoseClientOptions {
  /** Instead of the platform's own. */
  fetch?: typeof globalThis.fetch;
}

/**
 * The door for browsers, and for Node where its fetch's limit of 300 s of silence does not matter;
 * otherwise take `@rose/client/node`.
 */
export function createRoseClient({ fetch, ...options }: WebRoseClientOptions): RoseClient {
  return buildRoseClient(options, webFetch(fetch));
}

export type { CommandInput, RunOptions } from './command.ts';
export type { Upload } from './fetch.ts';
export type { RoseClient, RoseClientOptions, RoseStreams } from './rose-client.ts';
export type { Terminal, TerminalOptions } from './terminal.ts';
export type { CallOptions, Workspace, WorkspaceStreams } from './workspace.ts';
