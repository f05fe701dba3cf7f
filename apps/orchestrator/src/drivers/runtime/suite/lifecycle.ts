import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RuntimeEvent } from '../runtime.ts';
import { Ada, Bench, until, type MakeRuntime } from './bench.ts';

const CANNOT_PAUSE = 'this runtime cannot pause';

/** Making, starting, stopping, removing; adoption, events, log. */
export function lifecycleRules(make: MakeRuntime): void {
  describe('life of a container', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.open(make);
    });
    afterEach(() => bench[Symbol.asyncDispose]());

    test('a container is created, started, paused, resumed, stopped and started again; each is safe to repeat', async () => {
      const { runtime } = bench;
      const { id, status } = await runtime.create(bench.spec());
      const now = async (): Promise<unknown> => (await runtime.inspect(id))?.status;
      expect(status).toBe('created');
      for (const deed of ['start', 'stop', 'start'] as const) {
        for (let twice = 0; twice < 2; twice += 1) {
          if (deed === 'start') await runtime.start(id);
          else await runtime.stop(id, 5);
          expect(await now()).toBe(deed === 'start' ? 'running' : 'exited');
        }
      }
      if (runtime.canPause) {
        for (let twice = 0; twice < 2; twice += 1) await runtime.pause(id);
        expect(await now()).toBe('paused');
        for (let twice = 0; twice < 2; twice += 1) await runtime.resume(id);
        expect(await now()).toBe('running');
      }
      for (let twice = 0; twice < 2; twice += 1) await runtime.remove(id);
      expect(await now()).toBeUndefined();
    });

    test('a container that is not there answers NOT_FOUND, and its removal succeeds', async () => {
      const { runtime } = bench;
      const id = 'nobody';
      const deeds = [
        runtime.start(id),
        runtime.pause(id),
        runtime.resume(id),
        runtime.stop(id, 1),
        runtime.connect(id),
      ];
      for (const { reason } of (await Promise.allSettled(deeds)) as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ code: 'NOT_FOUND' });
      }
      await expect(runtime.logs(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(runtime.stats(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(runtime.remove(id)).resolves.toBeUndefined();
      expect(await runtime.inspect(id)).toBeNull();
    });

    test('a second container of a project is refused and the first one stays as it is', async () => {
      const ada = await bench.running();
      const spec = bench.spec({ projectId: ada.info.projectId });
      await expect(bench.runtime.create(spec)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
      expect(await ada.ticks()).toBeGreaterThanOrEqual(0);
      expect((await bench.runtime.listVolumes()).map(({ volume }) => volume)).not.toContain(spec.volume);
    });

    test('a creation that is cancelled leaves no container and no volume', async () => {
      await bench.runtime.ensureImage(() => {});
      const spec = bench.spec();
      await expect(bench.runtime.create(spec, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await bench.runtime.list()).toEqual([]);
      expect(await bench.runtime.listVolumes()).toEqual([]);
    });

    test('a creation with a volume that cannot be leaves nothing', async () => {
      const spec = bench.spec({ volume: '../escape' });
      await expect(bench.runtime.create(spec)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
      expect(await bench.runtime.list()).toEqual([]);
    });

    test('of twenty creations of one project at once, one succeeds', async () => {
      const spec = bench.spec();
      const made = await Promise.allSettled(Array.from({ length: 20 }, () => bench.runtime.create(spec)));
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await bench.runtime.list()).toHaveLength(1);
    });

    test('the agent gets its secret, its paths and the project’s environment, whatever that holds', async () => {
      const hostile = `it's "$HOME" \`id\`\n\\end`;
      const others = { HOME: '/tmp', UID: '0', NODE_OPTIONS: '--require /nowhere' };
      const ada = await bench.running({ environment: { GREETING: hostile, ...others } });
      expect(await ada.output('printf %s "$GREETING"')).toBe(hostile);
      expect(await ada.output('cd && pwd')).toBe(await ada.output('echo "$ROSE_HOME"'));
      expect(await ada.output('echo "$ROSE_AGENT_BUILD"')).toBe(ada.info.agentBuild);
      await expect(ada.call('/ticks', '', 'wrong')).rejects.toThrow('401');
    });

    test('stopping asks the agent first and notes its exit code', async () => {
      const ada = await bench.running();
      await bench.runtime.stop(ada.id, 10);
      expect(await bench.runtime.logs(ada.id)).toContain('asked to end');
      expect(await bench.runtime.inspect(ada.id)).toMatchObject({ status: 'exited', exitCode: 0 });
    });

    test('an agent that does not listen is ended with all its processes when its grace is over', async () => {
      const ada = await bench.running({ environment: { IGNORE_SIGTERM: '1' } });
      await ada.output(
        'trap "" TERM; (trap "" TERM; setsid sh -c "while :; do date +%s%N > beat; sleep 0.05; done" > /dev/null 2>&1 &)',
      );
      await until(async () => (await ada.run('test -s beat')).code === 0);
      await bench.runtime.stop(ada.id, 0.2);
      expect(await bench.runtime.inspect(ada.id)).toMatchObject({ status: 'exited', exitCode: 137 });
      await bench.runtime.start(ada.id);
      await ada.answers();
      const beat = await ada.output('cat beat');
      await delay(300);
      expect(await ada.output('cat beat')).toBe(beat);
    });

    test('a paused container is stopped like any other', async ({ skip }) => {
      skip(!bench.runtime.canPause, CANNOT_PAUSE);
      const ada = await bench.running();
      await bench.runtime.pause(ada.id);
      await bench.runtime.stop(ada.id, 10);
      expect(await bench.runtime.inspect(ada.id)).toMatchObject({ status: 'exited', exitCode: 0 });
    });

    test('pause freezes every process and resume lets them go on', async ({ skip }) => {
      skip(!bench.runtime.canPause, CANNOT_PAUSE);
      const ada = await bench.running();
      await ada.output('(setsid sh -c "while :; do echo x >> beats; sleep 0.02; done" > /dev/null 2>&1 &)');
      await until(async () => (await ada.run('test -s beats')).code === 0);
      const before = { ticks: await ada.ticks(), beats: Number(await ada.output('wc -l < beats')) };
      await bench.runtime.pause(ada.id);
      await delay(600);
      await bench.runtime.resume(ada.id);
      const after = { ticks: await ada.ticks(), beats: Number(await ada.output('wc -l < beats')) };
      // 600 ms would have been 30 of each.
      expect(after.ticks - before.ticks).toBeLessThan(20);
      expect(after.beats - before.beats).toBeLessThan(20);
      await until(async () => (await ada.ticks()) > after.ticks);
    });

    test('the volume survives its container and goes only by removeVolume', async () => {
      const ada = await bench.running();
      await ada.output(
        'echo kept > workspace/note; mkdir -p closed/inner; touch closed/inner/file; chmod 0 closed/inner closed',
      );
      await expect(bench.runtime.removeVolume(ada.info.volume)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
      await bench.runtime.remove(ada.id);
      const [volume] = await bench.runtime.listVolumes();
      expect(volume?.volume).toBe(ada.info.volume);
      expect(Math.abs(Date.now() - Number(volume?.createdAt))).toBeLessThan(120_000);
      const again = await bench.running({ projectId: ada.info.projectId, volume: ada.info.volume });
      expect(await again.output('cat workspace/note')).toBe('kept');
      await bench.runtime.remove(again.id);
      for (let twice = 0; twice < 2; twice += 1) await bench.runtime.removeVolume(ada.info.volume);
      expect(await bench.runtime.listVolumes()).toEqual([]);
    });

    test('another installation on the same machine neither lists nor touches a container', async () => {
      const ada = await bench.running();
      const other = await bench.again('other-installation');
      expect(await other.list()).toEqual([]);
      expect(await other.inspect(ada.id)).toBeNull();
      await expect(other.stop(ada.id, 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await other.remove(ada.id);
      expect(await ada.ticks()).toBeGreaterThanOrEqual(0);
    });

    test('a container survives its orchestrator and is adopted by the next', async () => {
      const ada = await bench.running();
      await bench.runtime[Symbol.asyncDispose]();
      const next = await bench.again();
      expect(await next.list()).toMatchObject([{ id: ada.id, status: 'running', projectId: ada.info.projectId }]);
      expect(await new Ada(next, ada.info, `secret-${ada.info.projectId}`).ticks()).toBeGreaterThanOrEqual(0);
      const heard = hear(next.watch(AbortSignal.timeout(20_000)), 'exited');
      await ada.run('kill -9 $PPID').catch(() => {});
      expect(await heard).toMatchObject({ id: ada.id, projectId: ada.info.projectId });
      expect(await next.inspect(ada.id)).toMatchObject({ status: 'exited' });
      await next.start(ada.id);
    });

    test('whoever watches hears of each change, and of an agent that ended by itself', async () => {
      const ending = new AbortController();
      const kinds: string[] = [];
      const watching = (async () => {
        for await (const { kind } of bench.runtime.watch(ending.signal)) kinds.push(kind);
      })();
      // An engine may begin to tell a little after it was asked.
      await delay(200);
      const ada = await bench.running();
      if (bench.runtime.canPause) {
        await bench.runtime.pause(ada.id);
        await bench.runtime.resume(ada.id);
      }
      await ada.run('kill -9 $PPID').catch(() => {});
      await until(
        () => kinds.includes('exited'),
        () => kinds.join(),
      );
      await bench.runtime.remove(ada.id);
      await until(
        () => kinds.includes('removed'),
        () => kinds.join(),
      );
      ending.abort();
      await watching;
      const paused = bench.runtime.canPause ? ['paused', 'resumed'] : [];
      expect(kinds).toEqual(['started', ...paused, 'exited', 'removed']);
    });

    test('the log keeps the last words and stays bounded whatever is written', async () => {
      const ada = await bench.running();
      await ada.call('/log', 'a line of the log\n'.repeat(200_000));
      await ada.call('/log', 'last words\n');
      await until(async () => (await bench.runtime.logs(ada.id)).includes('last words'));
      const log = await bench.runtime.logs(ada.id);
      expect(log).toContain('a line of the log');
      expect(Buffer.byteLength(log)).toBeLessThanOrEqual(64 * 1024);
    });

    test('statistics tell of memory, processor and processes', async () => {
      const ada = await bench.running();
      await ada.output('i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done');
      const stats = await bench.runtime.stats(ada.id);
      expect(stats.memoryLimitBytes).toBe(256 * 1024 * 1024);
      expect(stats.memoryBytes).toBeGreaterThan(5 * 1024 * 1024);
      expect(stats.memoryBytes).toBeLessThan(stats.memoryLimitBytes);
      expect(stats.cpuSeconds).toBeGreaterThan(0.05);
      expect(stats.cpuSeconds).toBeLessThan(60);
      expect(stats.pids).toBeGreaterThanOrEqual(1);
      expect(stats.pids).toBeLessThan(100);
    });
  });
}

async function hear(events: AsyncIterable<RuntimeEvent>, kind: RuntimeEvent['kind']): Promise<RuntimeEvent | null> {
  for await (const event of events) if (event.kind === kind) return event;
  return null;
}
