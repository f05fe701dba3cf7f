import { COMMAND_REQUEST, COMMAND_RESPONSE, RoseError, STREAMS, type CommandSpec } from '@rose/contract';
import { decodeJson, encodeJsonFrame } from '@rose/snapshot';
import { z } from 'zod';
import type { AgentConnection } from './agent-connection.ts';
import { agentFrames } from './agent-frames.ts';

const MAX_ERROR_BYTES = 2000;

const exitSchema = z.object({ code: z.number().nullable(), signal: z.string().nullable(), timedOut: z.boolean() });
export type CommandEnd = z.infer<typeof exitSchema>;

/**
 * Runs a command in a workspace until it ends, without input. It may be silent for hours: the spec's time limit and
 * `signal` are its only bounds.
 * @param heard what it writes, piece by piece
 * @throws RoseError CONFLICT when it could not be run; AGENT_UNAVAILABLE when the connection broke off; CANCELLED
 */
export async function runCommand(
  agent: AgentConnection,
  spec: CommandSpec,
  heard: (piece: Buffer, stream: 'stdout' | 'stderr') => void,
  signal?: AbortSignal,
): Promise<CommandEnd> {
  const body = encodeJsonFrame(COMMAND_REQUEST.SPEC, spec);
  const answer = await agent.stream({ method: 'POST', path: `/-/${STREAMS.runCommand}`, body, signal, idleMs: 0 });
  for await (const { type, payload } of agentFrames(answer, signal)) {
    if (type === COMMAND_RESPONSE.STDOUT) heard(payload, 'stdout');
    if (type === COMMAND_RESPONSE.STDERR) heard(payload, 'stderr');
    if (type === COMMAND_RESPONSE.ERROR) {
      throw new RoseError('CONFLICT', `could not run: ${payload.toString('utf8', 0, MAX_ERROR_BYTES)}`);
    }
    if (type === COMMAND_RESPONSE.EXIT) return exitSchema.parse(decodeJson(payload));
  }
  throw new RoseError('AGENT_UNAVAILABLE', 'broke off.');
}

/** The end of a sentence that says how a command failed; null when it ended with 0. */
export function failureOf({ code, signal, timedOut }: CommandEnd, timeLimitSeconds: number): string | null {
  if (timedOut) return `took longer than ${timeLimitSeconds} s`;
  return code === 0 ? null : `ended with ${code === null ? signal : `code ${code}`}`;
}
