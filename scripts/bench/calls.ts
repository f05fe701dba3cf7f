import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from './house.ts';
import { ROSE, type Row } from './setting.ts';
import { median, time } from './stopwatch.ts';

const SECRET = 'of the bench';
const CONTENT = '# Calls\n';
const STRAIGHT = 'straight to the agent';

/**
 * The same calls through the orchestrator and straight to an agent on its unix socket, by the same
 * bare HTTP client, one after the other.
 */
export async function calls(root: string, scratch: string, house: House, count: number): Promise<Row[]> {
  const { rose, token } = await house.newcomerWithToken();
  const { id } = await rose.projects.create.mutate({ name: 'calls' });
  await rose.workspace(id).files.write.mutate({ path: 'README.md', content: CONTENT });
  await using agent = await startAgent(root, path.join(scratch, 'agent'));
  const rows: Row[] = [];
  for (const call of [
    'status.get',
    `files.list?input=${encodeURIComponent('{}')}`,
    `files.read?input=${encodeURIComponent('{"path":"README.md"}')}`,
  ]) {
    const through = caller(new URL(`${house.url}/projects/${id}/agent/${call}`), { authorization: `Bearer ${token}` });
    const straight = caller(agent.at(call), { 'x-rose-secret': SECRET, 'x-rose-role': 'viewer' });
    const times: Record<string, number[]> = { [ROSE]: [], [STRAIGHT]: [] };
    for (let index = 0; index < count; index += 1) {
      times[ROSE]!.push(await time(through));
      times[STRAIGHT]!.push(await time(straight));
    }
    rows.push({
      case: `${call.split('?', 1)[0]} in a workspace, p50`,
      unit: 'ms',
      values: { [ROSE]: median(times[ROSE]!), [STRAIGHT]: median(times[STRAIGHT]!) },
      targets: { [STRAIGHT]: 1.5 },
    });
  }
  return rows;
}

type Target = URL | { socketPath: string; path: string };

/** A call over a connection that is kept. */
function caller(target: Target, headers: Record<string, string>): () => Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const options =
    target instanceof URL
      ? { host: target.hostname, port: target.port, path: target.pathname + target.search }
      : target;
  return async () => {
    const asked = http.get({ ...options, agent, headers });
    const [answer] = (await once(asked, 'response')) as [http.IncomingMessage];
    await once(answer.resume(), 'end');
    if (answer.statusCode !== 200) throw new Error(`${JSON.stringify(options)} answered ${answer.statusCode}.`);
  };
}

interface PlainAgent extends AsyncDisposable {
  at(call: string): Target;
}

/** The agent as containers run it, without a container around it. */
async function startAgent(root: string, home: string): Promise<PlainAgent> {
  await mkdir(path.join(home, 'workspace'), { recursive: true });
  await writeFile(path.join(home, 'workspace/README.md'), CONTENT);
  const socketPath = path.join(home, 'agent.sock');
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=4', path.join(root, 'apps/dev-container/dist/agent.mjs')],
    {
      env: { PATH: process.env['PATH'], ROSE_AGENT_SOCKET: socketPath, ROSE_AGENT_SECRET: SECRET, ROSE_HOME: home },
      stdio: 'ignore',
    },
  );
  const at = (call: string): Target => ({ socketPath, path: `/${call}` });
  await answering(child, socketPath);
  return {
    at,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function answering(child: ChildProcess, socketPath: string): Promise<void> {
  const hello = caller({ socketPath, path: '/healthz' }, { 'x-rose-secret': SECRET, 'x-rose-role': 'viewer' });
  for (let tries = 0; tries < 500 && child.exitCode === null; tries += 1) {
    try {
      return await hello();
    } catch {
      await sleep(20);
    }
  }
  throw new Error('The agent did not start.');
}
