import { FrameError, readFrames, type Frame } from '@rose/snapshot';
import type { Readable } from 'node:stream';
import { translateAgentError } from './agent-connection.ts';

/**
 * The frames of an agent's answer. One that is cut off is an agent that is away.
 * @throws RoseError AGENT_UNAVAILABLE, CANCELLED; FrameError for what is no frame
 */
export async function* agentFrames(body: Readable, signal?: AbortSignal): AsyncGenerator<Frame, void> {
  try {
    yield* readFrames(body);
  } catch (error) {
    throw error instanceof FrameError ? error : translateAgentError(error, signal);
  }
}
