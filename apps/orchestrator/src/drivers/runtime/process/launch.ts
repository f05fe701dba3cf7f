import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { RoseError } from '@rose/contract';
import { TOOLS } from './owners.ts';
import { descendants, identify, pidsOf, type ProcessIdentity } from './proc.ts';
import { KEEPER } from './scripts.ts';

const START_MS = 30_000;

/**
 * Starts a keeper and with it a sandbox, in a session of their own, so that Ctrl-C in the
 * orchestrator's terminal does not reach them.
 * @param options.noted is awaited before anything is started: a keeper that nobody has noted ends.
 * @returns the agent, as soon as its process exists.
 * @throws RoseError CONTAINER_FAILED when the sandbox cannot be made, or takes over 30 s.
 */
export async function launch(options: {
  folder: string;
  command: string[];
  noted: (keeper: ProcessIdentity) => Promise<void>;
  exited: () => void;
  /** What the sandbox has written, for the log of the orchestrator. */
  said: () => Promise<string>;
  signal?: AbortSignal | undefined;
}): Promise<ProcessIdentity> {
  const [shell = '', ...rest] = [...KEEPER, options.folder, ...options.command];
  const child = spawn(shell, rest, {
    detached: true,
    cwd: '/',
    env: { PATH: TOOLS },
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  });
  child.once('exit', options.exited);
  // Without a pid there is no process; that is noticed below.
  child.on('error', () => {});
  child.unref();
  const told = child.stdio[3] as Readable;
  const go = child.stdin as Writable;
  // A keeper that ended at once answers by its exit, not by this.
  go.on('error', () => {});
  try {
    const keeper = child.pid === undefined ? null : identify(child.pid);
    if (keeper === null) throw new Error('The keeper could not be started.');
    await options.noted(keeper);
    go.end('go\n');
    const inner = await firstLine(child, told, options.signal);
    return agentOf(keeper.pid, inner);
  } catch (error) {
    if (error instanceof RoseError) throw error;
    const cause = new Error((await options.said()).slice(-2000), { cause: error });
    throw new RoseError('CONTAINER_FAILED', 'The sandbox of the dev container could not be started.', {}, { cause });
  } finally {
    go.destroy();
    told.destroy();
  }
}

/** The agent's process id as the sandbox sees it. */
function firstLine(child: ChildProcess, told: Readable, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error(`No sandbox within ${START_MS} ms.`)), START_MS);
    const cancel = (): void => settle(new RoseError('CANCELLED', 'The start of the dev container was cancelled.'));
    const exit = (): void => settle(new Error('The sandbox ended at once.'));
    const settle = (result: Error | number): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      child.off('exit', exit);
      if (typeof result === 'number') resolve(result);
      else reject(result);
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    child.once('exit', exit);
    told.once('data', (line: Buffer) => settle(Number(line.toString())));
  });
}

function agentOf(keeper: number, inner: number): ProcessIdentity {
  // The sandbox's number may by chance be that of a process outside: the deeper one is meant.
  const [found] = descendants(keeper)
    .map(({ pid }) => pidsOf(pid))
    .filter((pids) => pids.at(-1) === inner)
    .toSorted((a, b) => b.length - a.length);
  const agent = found?.[0] === undefined ? null : identify(found[0]);
  if (!agent) throw new Error('The agent ended at once.');
  return agent;
}
