import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createRoseClient, type RoseClient } from '@rose/client/node';

/** A RoSE of its own, on a data directory of its own, as its users start it. */
export interface House extends AsyncDisposable {
  readonly url: string;
  /** A new account: nobody's objects are its own yet. */
  newcomer(): Promise<RoseClient>;
  /** The same, and what he signs his calls with. */
  newcomerWithToken(): Promise<{ rose: RoseClient; token: string }>;
  /** Peak resident memory of the orchestrator, MB. */
  orchestratorPeak(): number;
  /** Peak resident memory of the busiest agent, MB. */
  agentPeak(): number;
  /** Where the workspace of a project lies on this machine. */
  workspace(volume: string): string;
  volumes(): string[];
}

export async function openHouse(
  root: string,
  dataDir: string,
  runtime: 'process' | 'docker' = 'process',
): Promise<House> {
  const child = spawn(process.execPath, ['--max-semi-space-size=8', 'apps/orchestrator/src/main.ts'], {
    cwd: root,
    env: { ...process.env, ROSE_DATA_DIR: dataDir, ROSE_PORT: '0', ROSE_RUNTIME: runtime, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const url = await readyUrl(child);
  const volumes = path.join(dataDir, 'volumes');
  return {
    url,
    newcomer: async () => (await signUp(url)).rose,
    newcomerWithToken: () => signUp(url),
    orchestratorPeak: () => peak(child.pid!),
    agentPeak: () => Math.max(0, ...agents(volumes).map(peak)),
    workspace: (volume) => path.join(volumes, volume, 'workspace'),
    volumes: () => (existsSync(volumes) ? readdirSync(volumes) : []),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function signUp(url: string): Promise<{ rose: RoseClient; token: string }> {
  let token: string | undefined;
  const rose = createRoseClient({ url, onSession: (session) => (token = session ?? undefined) });
  await rose.accounts.signUp.mutate({ email: `${randomUUID()}@example.org`, name: 'Bench', password: randomUUID() });
  if (token === undefined) throw new Error('Signing up gave no session.');
  return { rose: createRoseClient({ url, token }), token };
}

async function readyUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /RoSE is ready at (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('RoSE did not start.');
}

function peak(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** The agents whose home is one of these volumes: others may run on this machine. */
function agents(volumes: string): number[] {
  const homes = new Set(readdirSync(volumes).map((volume) => identityOf(path.join(volumes, volume))));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isAgent = readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/opt/rose/agent/agent.mjs');
        return isAgent && homes.has(identityOf(`/proc/${pid}/root/home/dev`));
      } catch {
        return false;
      }
    });
}

function identityOf(folder: string): string {
  const { dev, ino } = statSync(folder);
  return `${dev} ${ino}`;
}
