import { buildRoseClient, type RoseClient, type RoseClientOptions } from '../rose-client.ts';
import { nodeFetch } from './fetch.ts';

/**
 * The door for Node: a save may take hours, a command may be silent for as long as it likes, and
 * stdin streams while output is read.
 */
export function createRoseClient(options: RoseClientOptions): RoseClient {
  return buildRoseClient(options, nodeFetch);
}

export type { CommandInput, RunOptions } from '../command.ts';
export type { Upload } from '../fetch.ts';
export type { RoseClient, RoseClientOptions, RoseStreams } from '../rose-client.ts';
export type { Terminal, TerminalOptions } from '../terminal.ts';
export type { CallOptions, Workspace, WorkspaceStreams } from '../workspace.ts';
