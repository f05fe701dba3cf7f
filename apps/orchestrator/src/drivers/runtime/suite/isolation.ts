import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bench, type Ada, type MakeRuntime } from './bench.ts';

/** What code in a container tries against its host and against other projects. Two neighbours serve all tests. */
export function isolationRules(make: MakeRuntime): void {
  describe('isolation', () => {
    let bench: Bench;
    let ada: Ada;
    let mallory: Ada;
    beforeAll(async () => {
      bench = await Bench.open(make);
      ada = await bench.running();
      mallory = await bench.running();
      await ada.output('echo ada-secret > workspace/secret; (sleep 600 > /dev/null 2>&1 &)');
    });
    afterAll(() => bench[Symbol.asyncDispose]());

    test('no file of the host is seen: homes, passwords, data directory, temporary files', async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'rose-host-'));
      const file = path.join(folder, 'host');
      await writeFile(file, 'host', { mode: 0o644 });
      try {
        for (const hidden of [
          file,
          bench.dataDir,
          '/root/.profile',
          '/etc/shadow-',
          '/var/lib/dpkg',
          '/boot',
          '/sys/kernel',
        ]) {
          const seen = await mallory.output(`ls -d '${hidden}' > /dev/null 2>&1 && cat '${hidden}' 2>/dev/null; true`);
          expect(seen, hidden).toBe('');
        }
        expect((await mallory.run('cat /etc/shadow')).code).not.toBe(0);
        expect(await mallory.output('cut -d: -f1 /etc/passwd | sort | head -20')).not.toContain('rose-host');
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    test('nothing of another project is seen: files, processes, sockets', async () => {
      expect(await mallory.output('ls -A /home')).toBe('dev');
      expect(await mallory.output('cat workspace/secret 2>/dev/null; true')).toBe('');
      const processes = await mallory.output('for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done');
      expect(processes).not.toContain('sleep 600');
      expect(await mallory.output('ls /run/rose/in /run/rose/out | grep -c agent.sock')).toBe('1');
      expect(Number(await mallory.output('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(20);
    });

    test('the network is loopback alone: no port of the host, no address outside', async () => {
      const server = createServer((socket) => socket.end('host'));
      await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
        const targets = [
          ...new Set([...own.filter(({ family }) => family === 'IPv4').map(({ address }) => address), '127.0.0.1']),
        ];
        for (const target of targets) expect(await reach(mallory, target, port), target).not.toBe('reached');
        for (const target of ['1.1.1.1', '169.254.169.254', '10.0.0.1']) {
          expect(await reach(mallory, target, 80), target).not.toBe('reached');
        }
      } finally {
        server.close();
      }
      const listen =
        'const s = require("node:net").createServer().listen(8080, "127.0.0.1", () => { const c = require("node:net").connect(8080, "127.0.0.1", () => { console.log("loopback"); c.destroy(); s.close(); }); });';
      expect(await mallory.output(`node -e '${listen}'`)).toBe('loopback');
      expect(
        await mallory.output(
          'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " " | grep -v -E "^(lo|sit0|tunl0|gre0|ip6tnl0)$"; true',
        ),
      ).toBe('');
    });

    test('processes have no capability, gain none, and are not root', async () => {
      const status = await mallory.output('cat /proc/self/status');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        expect(status, set).toMatch(new RegExp(`^${set}:\\s*0{16}$`, 'm'));
      }
      expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
      expect(await mallory.output('id -u; id -g')).toBe('1000\n1000');
      const { uid } = await lstat(path.join(mallory.info.egressSocket, '../../out/agent.sock'));
      expect(uid).not.toBe(0);
      expect((await mallory.run('su -c true < /dev/null; sudo -n true')).code).not.toBe(0);
    });

    test('no namespace and no mount can be made, nothing of the kernel be set', async () => {
      for (const attempt of [
        'unshare -U true',
        'unshare -Ur true',
        'unshare -m true',
        'mount -t tmpfs x /tmp',
        'mount --bind /tmp /usr',
        'mount -o remount,rw /usr',
        'umount /proc/sys',
        'chroot /tmp true',
        'nsenter -t 1 -m true',
        'mknod /tmp/sda b 8 0',
        'hostname other',
      ]) {
        expect((await mallory.run(attempt)).code, attempt).not.toBe(0);
      }
      const writable =
        'find /proc/sys /sys -type f 2>/dev/null | while read f; do (: >> $f) 2>/dev/null && echo $f; done; true';
      expect(await mallory.output(writable)).toBe('');
      const devices = ['/dev/kmsg', '/dev/mem', '/dev/sda', '/dev/vda'];
      for (const file of ['/proc/kcore', '/proc/1/root/etc/shadow', ...devices]) {
        expect((await mallory.run(`head -c 1 ${file}`)).code, file).not.toBe(0);
      }
      expect((await mallory.run('(: >> /proc/sysrq-trigger)')).code).not.toBe(0);
    });

    test('only the home, the socket folder and memory can be written', async () => {
      const attempt =
        'for d in / /usr /usr/bin /etc /opt /opt/rose /opt/rose/agent /run /run/rose /run/rose/in /home /var; do (: > $d/probe) 2>/dev/null && echo $d; done; true';
      expect(await mallory.output(attempt)).toBe('');
      expect(await mallory.output('for d in /tmp /dev/shm "$HOME"; do : > $d/probe && echo ok; done')).toBe(
        'ok\nok\nok',
      );
      expect((await mallory.run('printf "#!/bin/sh\\necho ran" > /tmp/x; chmod +x /tmp/x; /tmp/x')).output).toBe(
        'ran\n',
      );
    });

    test('a set-uid file made inside gives nothing, and inherited descriptors are closed', async () => {
      expect(await mallory.output('cp /usr/bin/id /tmp/id; chmod u+s /tmp/id; /tmp/id -u')).toBe('1000');
      expect(await mallory.output('ls /proc/$PPID/fd | sort -n | head -3 | tr "\\n" " "')).toBe('0 1 2');
      const open = (await mallory.output('for f in /proc/$PPID/fd/*; do readlink $f; done')).split('\n');
      // The pipe of its log is the only thing of the host's.
      const foreign = open.filter((target) => target.startsWith('/') && !/^\/dev\/|\(deleted\)$/.test(target));
      expect(foreign).toEqual([]);
    });

    test('a process that stays behind is ended with its container', async () => {
      const eve = await bench.running();
      const before = await hostProcesses();
      expect(before.filter((command) => command.includes('sleep 4242')).length).toBe(0);
      await eve.output(
        '(setsid sh -c "trap \'\' TERM HUP INT; sleep 4242; sleep 4242" > /dev/null 2>&1 < /dev/null &); sleep 0.2',
      );
      await bench.runtime.stop(eve.id, 5);
      expect((await hostProcesses()).filter((command) => command.includes('sleep 4242'))).toEqual([]);
    });
  });
}

function reach(ada: Ada, host: string, port: number): Promise<string> {
  const script = `const s = require("node:net").connect({ host: "${host}", port: ${port}, timeout: 2000 }); s.on("data", () => { console.log("reached"); process.exit(); }); s.on("connect", () => { console.log("reached"); process.exit(); }); s.on("timeout", () => process.exit()); s.on("error", () => process.exit());`;
  return ada.output(`node -e '${script}'`);
}

async function hostProcesses(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')),
  );
}
