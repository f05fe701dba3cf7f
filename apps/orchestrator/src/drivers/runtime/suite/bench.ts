import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerInfo, ContainerSpec, Runtime } from '../runtime.ts';

/** Makes the runtime under test. `imageFolder` holds dist/agent.mjs, a stand-in for the agent. */
export type MakeRuntime = (options: { dataDir: string; installation: string; imageFolder: string }) => Promise<Runtime>;

export const LIMITS = { memoryMiB: 256, cpus: 1, pids: 256 };

/** One test's runtime on a data directory of its own, with all that it started. */
export class Bench implements AsyncDisposable {
  readonly folder: string;
  readonly installation: string;
  readonly runtime: Runtime;
  readonly #make: MakeRuntime;
  readonly #runtimes: Runtime[];
  #project = 0;

  static async open(make: MakeRuntime): Promise<Bench> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rose-runtime-'));
    const dist = path.join(folder, 'image', 'dist');
    await mkdir(dist, { recursive: true });
    await copyFile(new URL('fixture-agent.mjs', import.meta.url), path.join(dist, 'agent.mjs'));
    const installation = `suite-${path.basename(folder).slice(-6).toLowerCase()}`;
    return new Bench(folder, installation, make, await make(optionsIn(folder, installation)));
  }

  constructor(folder: string, installation: string, make: MakeRuntime, runtime: Runtime) {
    this.folder = folder;
    this.installation = installation;
    this.#make = make;
    this.runtime = runtime;
    this.#runtimes = [runtime];
  }

  get dataDir(): string {
    return optionsIn(this.folder, this.installation).dataDir;
  }

  /** Another orchestrator on the same data directory, as after a restart. */
  async again(installation = this.installation): Promise<Runtime> {
    const runtime = await this.#make(optionsIn(this.folder, installation));
    this.#runtimes.push(runtime);
    return runtime;
  }

  spec(changes: Partial<ContainerSpec> = {}): ContainerSpec {
    const projectId = (this.#project += 1);
    return {
      projectId,
      volume: `project-${projectId}`,
      secret: `secret-${projectId}`,
      limits: LIMITS,
      environment: {},
      ...changes,
    };
  }

  async running(changes: Partial<ContainerSpec> = {}): Promise<Ada> {
    const spec = this.spec(changes);
    const info = await this.runtime.create(spec);
    await this.runtime.start(info.id);
    const ada = new Ada(this.runtime, info, spec.secret);
    await ada.answers();
    return ada;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const runtime of this.#runtimes) {
      for (const { id } of await runtime.list()) await runtime.remove(id);
      for (const { volume } of await runtime.listVolumes()) await runtime.removeVolume(volume);
      await runtime[Symbol.asyncDispose]();
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

function optionsIn(folder: string, installation: string) {
  return { dataDir: path.join(folder, 'data'), imageFolder: path.join(folder, 'image'), installation };
}

/** Somebody who works in a running container. */
export class Ada {
  readonly id: string;
  readonly info: ContainerInfo;
  readonly #runtime: Runtime;
  readonly #secret: string;

  constructor(runtime: Runtime, info: ContainerInfo, secret: string) {
    this.#runtime = runtime;
    this.info = info;
    this.id = info.id;
    this.#secret = secret;
  }

  /** Waits until her agent answers. */
  async answers(): Promise<void> {
    await until(
      async () => (await this.ticks().catch(() => null)) !== null,
      async () => this.#runtime.logs(this.id),
    );
  }

  /** Runs a shell script in her home. */
  async run(script: string): Promise<{ code: number | null; signal: string | null; output: string }> {
    return JSON.parse(await this.call('/run', script)) as {
      code: number | null;
      signal: string | null;
      output: string;
    };
  }

  /** What a script prints; fails when it fails. */
  async output(script: string): Promise<string> {
    const { code, signal, output } = await this.run(script);
    if (code !== 0) throw new Error(`${script}: ${code ?? signal}\n${output}`);
    return output.trim();
  }

  async ticks(): Promise<number> {
    return (JSON.parse(await this.call('/ticks')) as { ticks: number }).ticks;
  }

  async call(url: string, body = '', secret = this.#secret, deadlineMs = 30_000): Promise<string> {
    const socket = await this.#runtime.connect(this.id);
    return new Promise((resolve, reject) => {
      const request = http.request({ createConnection: () => socket, path: url, method: 'POST' });
      request.setHeader('x-rose-secret', secret);
      request.setTimeout(deadlineMs, () => request.destroy(new Error(`No answer to ${url}`)));
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(Buffer.concat(chunks).toString())
            : reject(new Error(`Answered ${response.statusCode}`)),
        );
      });
      request.end(body);
    });
  }
}

/** Polls until something holds. @throws Error after 20 s, with what `describe` then says. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  describe: () => Promise<string> | string = () => holds.toString(),
): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`It did not become so in time: ${await describe()}`);
    await delay(20);
  }
}
