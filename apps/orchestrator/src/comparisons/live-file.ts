import { encodePathParameter, RoseError, STREAMS } from '@rose/contract';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';

/**
 * A file of the live workspace, as its agent reads it.
 * @throws RoseError LIMIT_EXCEEDED when the agent sends more than `limit` bytes
 */
export async function readLiveFile(
  agent: AgentConnection,
  path: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const body = await agent.stream({
    method: 'GET',
    path: `/-/${STREAMS.readFile}?path=${encodePathParameter(path)}`,
    signal,
  });
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) {
      body.destroy();
      throw new RoseError('LIMIT_EXCEEDED', `"${path}" grew over what is compared by lines.`, {
        limit: 'bytes',
        value: length,
        allowed: limit,
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
