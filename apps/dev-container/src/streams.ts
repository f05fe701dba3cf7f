import type { IncomingMessage, ServerResponse } from 'node:http';
import { STREAMS } from '@rose/contract';
import type { Agent } from './agent.ts';
import { importRoute, unzipRoute, zipRoute } from './archive/archive-streams.ts';
import { runCommandRoute } from './commands/command-stream.ts';
import { readFileRoute, writeFileRoute } from './files/file-streams.ts';
import { pullRoute, pushRoute } from './files/tree-streams.ts';
import { connectPortRoute } from './ports/port-stream.ts';
import { loadRoute, saveRoute } from './snapshot/snapshot-streams.ts';
import { attachRoute } from './terminals/terminal-stream.ts';
import type { Role } from './trpc.ts';

/** A byte stream at `/-/NAME`. */
export interface StreamRoute {
  /** Least role of the caller. */
  role: Role;
  method: 'GET' | 'POST';
  /**
   * Answers the call. A failure thrown before the headers are sent becomes JSON with its
   * status; a later one breaks the connection off, so framed streams send theirs themselves.
   * @param signal aborts when the caller leaves or the agent stops
   */
  handle(request: IncomingMessage, response: ServerResponse, agent: Agent, signal: AbortSignal): Promise<void>;
}

/** Every byte stream of the agent, by name. */
export const streams: Record<string, StreamRoute> = {
  [STREAMS.readFile]: readFileRoute,
  [STREAMS.writeFile]: writeFileRoute,
  [STREAMS.runCommand]: runCommandRoute,
  [STREAMS.zip]: zipRoute,
  [STREAMS.unzip]: unzipRoute,
  [STREAMS.import]: importRoute,
  [STREAMS.pull]: pullRoute,
  [STREAMS.push]: pushRoute,
  [STREAMS.attachTerminal]: attachRoute,
  [STREAMS.connectPort]: connectPortRoute,
  [STREAMS.save]: saveRoute,
  [STREAMS.load]: loadRoute,
};
