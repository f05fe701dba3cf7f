import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS = 60_000;
const END_MS = 30_000;
const BASE_IMAGE_MS = 15 * 60_000;

/**
 * A container engine of one's own, as root: it can be killed and started again while others run beside it. In a
 * network namespace of its own, so that it changes nothing of the host's.
 */
export class OwnEngine implements AsyncDisposable {
  readonly #folder: string;
  #daemon: ChildProcess | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(): Promise<OwnEngine> {
    // Not on a tmpfs: overlays of images need a disk.
    const engine = new OwnEngine(mkdtempSync('/var/tmp/rose-engine-test.'));
    try {
      await engine.begin();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** As DOCKER_HOST has it. */
  get host(): string {
    return `unix://${this.#folder}/docker.sock`;
  }

  /** Starts the daemon and waits until it answers. @param livesOn whether containers outlive their daemon */
  async begin(livesOn = false): Promise<void> {
    const folder = this.#folder;
    const places = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '--pidfile', `${folder}/pid`];
    const network = ['--bridge', 'none', '--iptables=false', '--host', this.host];
    const argv = ['--net', 'dockerd', ...places, ...network, ...(livesOn ? ['--live-restore'] : [])];
    const log = openSync(path.join(folder, 'log'), 'a');
    this.#daemon = spawn('unshare', argv, { stdio: ['ignore', log, log], detached: true });
    for (const until = Date.now() + START_MS; !(await this.#answers()); await sleep(100)) {
      if (this.#daemon.exitCode === null && Date.now() < until) continue;
      throw new Error(`The engine did not start: ${readFileSync(path.join(folder, 'log'), 'utf8').slice(-2000)}`);
    }
  }

  /** Ends the daemon at once, and with it its containerd. Its containers' processes go on. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    // A new daemon takes the file of a dead process for one that runs while nobody has collected that, and when its
    // number was given out again.
    for (const file of ['pid', 'exec/containerd/containerd.pid', 'exec/containerd/containerd.sock'])
      rmSync(path.join(this.#folder, file), { force: true });
  }

  /** A base image, from the engine of this process if that has one. @returns its name */
  async baseImage(): Promise<string> {
    const given = process.env['ROSE_BASE_IMAGE'] ?? '';
    if (given !== '') {
      const copy = `docker save "$1" | docker --host "$2" load`;
      await run('bash', ['-o', 'pipefail', '-c', copy, 'copy', given, this.host], { timeout: BASE_IMAGE_MS });
      return given;
    }
    const env = { ...process.env, DOCKER_HOST: this.host };
    const program = path.resolve(import.meta.dirname, '../base-image.ts');
    const { stdout } = await run(process.execPath, [program], { env, timeout: BASE_IMAGE_MS });
    return stdout.trim().split('\n').at(-1)!;
  }

  async #answers(): Promise<boolean> {
    return await run('docker', ['--host', this.host, 'version'], { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    await Promise.race([ended, sleep(END_MS, undefined, { ref: false }).then(() => daemon.kill('SIGKILL'))]);
    await ended;
    this.#daemon = null;
  }

  /** Ends it in good order, with what it had started, and removes all that it held. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon === null) await this.begin().catch(() => {});
    const clear = `docker --host "$1" ps -aq | xargs -r docker --host "$1" rm -f`;
    await run('bash', ['-c', clear, 'clear', this.host], { timeout: 60_000 }).catch(() => {});
    await this.#end('SIGTERM');
    const unmount = `grep -F " $1/" /proc/self/mounts | cut -d ' ' -f 2 | sort -r | xargs -r umount || true`;
    await run('bash', ['-c', unmount, 'unmount', this.#folder]);
    await run('rm', ['-rf', '--one-file-system', this.#folder]);
  }
}
