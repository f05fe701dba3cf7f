import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { Runtime } from '../drivers/runtime/runtime.ts';

const READY_MS = 30_000;
const READY_POLL_MS = 5;
/** Asking the engine takes the processor from the agent that is starting. */
const INSPECT_EVERY_MS = 250;

/** Polls until the agent answers; a container that ended meanwhile is told soon, with its log. */
export async function untilReady(agent: AgentConnection, runtime: Runtime, containerId: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (let inspectedAt = Date.now(); ;) {
    try {
      const answer = await agent.request({ method: 'GET', path: '/healthz', role: 'system' });
      await answer.body.dump({ limit: 4096 });
      if (answer.status === 200) return;
    } catch (error) {
      if (Date.now() > deadline) throw await withLog('did not answer in time', runtime, containerId, error);
    }
    await sleep(READY_POLL_MS);
    if (Date.now() - inspectedAt < INSPECT_EVERY_MS) continue;
    const info = await runtime.inspect(containerId);
    if (info === null || info.status === 'exited')
      throw await withLog(`ended with code ${info?.exitCode ?? 'unknown'}`, runtime, containerId);
    inspectedAt = Date.now();
  }
}

async function withLog(what: string, runtime: Runtime, containerId: string, cause?: unknown): Promise<RoseError> {
  const log = await runtime.logs(containerId).catch(() => '');
  const lastLine = log.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return new RoseError(
    'CONTAINER_FAILED',
    `The agent of the dev container ${what}.${lastLine === '' ? '' : ` It said: ${lastLine}`}`,
    {},
    { cause: cause ?? new Error(log.slice(-4096)) },
  );
}
