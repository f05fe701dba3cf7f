import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openHouse } from './house.ts';
import { ROSE, type Row } from './setting.ts';
import { median, run, time } from './stopwatch.ts';

const PAUSED_BY_MS = 5 * 60_000;
const SERVER = "require('node:http').createServer((_, answer) => answer.end('hello')).listen('/out/hello.sock')";

/** Whether an engine answers and there is an image to start from. */
export function canStart(): boolean {
  return (
    (process.env['ROSE_BASE_IMAGE'] ?? '') !== '' && spawnSync('docker', ['version'], { stdio: 'ignore' }).status === 0
  );
}

/** In Docker: from `projects.create` to the agent's first answer, and from paused to the first answer. */
export async function starts(root: string, scratch: string, runs: number): Promise<Row[]> {
  await using house = await openHouse(root, path.join(scratch, 'docker'), 'docker');
  const rose = await house.newcomer();
  const bare: number[] = [];
  const created: number[] = [];
  const projects: number[] = [];
  await rose.projects.create.mutate({ name: 'makes the image' });
  for (let round = 0; round < runs; round += 1) {
    bare.push(await bareStart(path.join(scratch, `bare-${round}`)));
    created.push(
      await time(async () => {
        const { id } = await rose.projects.create.mutate({ name: `start ${round}` });
        projects.push(id);
        await rose.workspace(id).status.get.query();
      }),
    );
  }
  const resumed: number[] = [];
  for (const projectId of projects) {
    await rose.settings.project.update.mutate({ projectId, values: { idlePauseMinutes: 1, autosaveMinutes: 0 } });
  }
  const late = AbortSignal.timeout(PAUSED_BY_MS);
  for (const projectId of projects) {
    while ((await rose.projects.get.query({ projectId })).state !== 'paused') {
      await sleep(500, undefined, { signal: late });
    }
  }
  for (const projectId of projects) resumed.push(await time(() => rose.workspace(projectId).status.get.query()));
  for (const projectId of projects) await rose.projects.delete.mutate({ projectId });
  return [
    {
      case: 'project created to first answer of its agent (Docker)',
      unit: 'ms',
      values: { [ROSE]: median(created), 'docker run of a bare node:http': median(bare) },
      targets: { 'docker run of a bare node:http': 1.5 },
    },
    {
      case: 'paused project to first answer (Docker)',
      unit: 'ms',
      values: { [ROSE]: median(resumed) },
      most: 60,
    },
  ];
}

/** From `docker run` to the first answer of the smallest server, on a socket in a bind mount. */
async function bareStart(folder: string): Promise<number> {
  await mkdir(folder);
  await chmod(folder, 0o777);
  let id = '';
  try {
    return await time(async () => {
      const image = process.env['ROSE_BASE_IMAGE']!;
      const options = ['--detach', '--network', 'none', '--volume', `${folder}:/out`, '--entrypoint', 'node'];
      id = (await run('docker', ['run', ...options, image, '-e', SERVER])).trim();
      await answer(path.join(folder, 'hello.sock'));
    });
  } finally {
    if (id !== '') await run('docker', ['rm', '--force', id]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function answer(socketPath: string): Promise<void> {
  const late = AbortSignal.timeout(30_000);
  for (;;) {
    try {
      const socket = connect(socketPath);
      await once(socket, 'connect', { signal: late });
      socket.end('GET / HTTP/1.0\r\n\r\n');
      await once(socket, 'data', { signal: late });
      socket.destroy();
      return;
    } catch {
      await sleep(5, undefined, { signal: late });
    }
  }
}
