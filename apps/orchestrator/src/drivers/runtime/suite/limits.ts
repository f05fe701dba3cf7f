import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, until, type Ada, type MakeRuntime } from './bench.ts';

const NOT_ENFORCED = 'this limit is not enforced here';

/** That a container cannot use up its host. */
export function limitRules(make: MakeRuntime, enforced: { memory: boolean; cpu: boolean; pids: boolean }): void {
  describe('limits', () => {
    let bench: Bench;
    beforeEach(async () => {
      bench = await Bench.open(make);
    });
    afterEach(() => bench[Symbol.asyncDispose]());

    test('a container cannot have more processes than its limit', async ({ skip }) => {
      skip(!enforced.pids, NOT_ENFORCED);
      const ada = await bench.running();
      const bomb = 'i=0; while [ $i -lt 600 ]; do sleep 30 > /dev/null 2>&1 & i=$((i+1)); done';
      expect((await ada.run(bomb)).output).toMatch(/fork/i);
      expect((await bench.runtime.stats(ada.id)).pids).toBeLessThanOrEqual(256);
      await bench.runtime.stop(ada.id, 0);
    });

    test('a process that takes more memory than the limit ends, and the agent lives', async ({ skip }) => {
      skip(!enforced.memory, NOT_ENFORCED);
      const ada = await bench.running();
      const hog = 'node -e "const all = []; for (let i = 0; i < 50; i += 1) all.push(Buffer.alloc(16 << 20, 1))"';
      const { code, signal } = await ada.run(`exec ${hog}`);
      expect(code === 137 || signal === 'SIGKILL').toBe(true);
      expect(await ada.ticks()).toBeGreaterThanOrEqual(0);
    });

    test('a container gets no more processor time than its limit', async ({ skip }) => {
      skip(!enforced.cpu, NOT_ENFORCED);
      const ada = await bench.running({ limits: { memoryMiB: 256, cpus: 0.25, pids: 256 } });
      const began = Date.now();
      const before = (await bench.runtime.stats(ada.id)).cpuSeconds;
      await ada.output('for i in 1 2; do timeout 2 sh -c "while :; do :; done" & done; wait; true');
      const used = (await bench.runtime.stats(ada.id)).cpuSeconds - before;
      expect(used).toBeLessThan((0.25 * 2 * (Date.now() - began)) / 1000);
    });

    test('a fork bomb leaves the others answering, and is ended with its container', async ({ skip }) => {
      skip(!enforced.pids, NOT_ENFORCED);
      const [ada, grace] = [await bench.running(), await bench.running()];
      const bomb = ada.run("exec bash -c 'bomb() { bomb | bomb & }; bomb; sleep 60'").catch(() => {});
      await until(async () => (await bench.runtime.stats(ada.id)).pids > 100);
      await answersWell(grace);
      await bench.runtime.stop(ada.id, 1);
      expect((await bench.runtime.stats(ada.id)).pids).toBe(0);
      await bomb;
    });

    test('a memory hog that starts again and again leaves the others answering', async ({ skip }) => {
      skip(!enforced.memory, NOT_ENFORCED);
      const [ada, grace] = [await bench.running(), await bench.running()];
      const hog = 'node -e "const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1))"';
      const hogs = ada.run(`while :; do ${hog}; done`).catch(() => {});
      await until(async () => (await bench.runtime.stats(ada.id)).memoryBytes > 64 * 1024 * 1024);
      await answersWell(grace);
      const { memoryBytes, memoryLimitBytes } = await bench.runtime.stats(ada.id);
      expect(memoryBytes).toBeLessThanOrEqual(memoryLimitBytes);
      await bench.runtime.stop(ada.id, 1);
      await hogs;
    });

    test('a process has a bounded number of open files, and hogs of them leave the others answering', async () => {
      const [ada, grace] = [await bench.running(), await bench.running()];
      const hog = `node -e "
        const open = [];
        try { for (;;) open.push(require('fs').openSync('/dev/null')); } catch (error) { console.log(error.code); }
        setTimeout(() => {}, 3000)"`;
      const hogs = ada.output(`for i in 1 2 3 4; do ${hog} & done; wait`);
      await answersWell(grace);
      expect((await hogs).split('\n')).toEqual(Array.from({ length: 4 }, () => 'EMFILE'));
    });

    test('what a volume holds is counted, also what its container has closed to itself', async () => {
      const ada = await bench.running();
      const before = await bench.runtime.diskUse(ada.info.volume);
      const MIB = 1024 * 1024;
      await ada.output(`mkdir -p workspace/closed
        head -c ${8 * MIB} /dev/zero > workspace/closed/file
        head -c ${4 * MIB} /dev/zero > file
        ln -s / workspace/root
        ln file workspace/other
        chmod 000 workspace/closed`);
      const after = await bench.runtime.diskUse(ada.info.volume);
      expect(after.bytes - before.bytes).toBeGreaterThanOrEqual(12 * MIB);
      expect(after.bytes - before.bytes).toBeLessThan(13 * MIB);
      // The directory, the file in it, the other file, the link.
      expect(after.files - before.files).toBe(4);
      await ada.output('chmod 700 workspace/closed');
    });

    test('a volume can be removed while it is counted, and a count can be cancelled', async () => {
      const ada = await bench.running();
      const leave = new AbortController();
      const left = bench.runtime.diskUse(ada.info.volume, leave.signal).catch((error: unknown) => error);
      leave.abort();
      await left;
      await bench.runtime.remove(ada.id);
      const counts = Array.from({ length: 3 }, () => bench.runtime.diskUse(ada.info.volume).catch(() => null));
      await bench.runtime.removeVolume(ada.info.volume);
      await Promise.all(counts);
      expect(await bench.runtime.listVolumes()).toEqual([]);
    });

    test('a container cannot raise its limits, and leaves no core files', async () => {
      const ada = await bench.running();
      expect(await ada.output('ulimit -H -c')).toBe('0');
      expect((await ada.run('ulimit -n 10000000')).code).not.toBe(0);
    });
  });
}

/** Works as if nobody else were there: its agent, its disk, new processes. */
async function answersWell(someone: Ada): Promise<void> {
  for (let count = 0; count < 5; count += 1) {
    expect(await someone.output('echo well > note && cat note')).toBe('well');
  }
}
