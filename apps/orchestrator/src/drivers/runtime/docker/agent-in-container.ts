import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMAND_REQUEST, COMMAND_RESPONSE, STREAMS, type CommandExit, type CommandSpec } from '@rose/contract';
import { decodeJson, encodeJsonFrame, readFrames } from '@rose/snapshot';
import { AgentConnection } from '../../agent/agent-connection.ts';
import type { ContainerInfo, ContainerSpec, Runtime } from '../runtime.ts';
import { testRuntime, type TestEngine } from './test-engine.ts';

/** apps/dev-container. */
export const IMAGE_FOLDER = path.resolve(import.meta.dirname, '../../../../../dev-container');
const READY_MS = 20_000;

/** null, or why tests with the real agent cannot run. */
export function agentIsMissing(): string | null {
  return existsSync(path.join(IMAGE_FOLDER, 'dist/agent.mjs')) ? null : 'the agent is not built: npm run build';
}

/** A container with the real agent, and somebody who works in it; for tests only. */
export class AgentInContainer implements AsyncDisposable {
  readonly runtime: Runtime;
  info: ContainerInfo;
  readonly connection: AgentConnection;
  readonly #folder: string;
  readonly #spec: ContainerSpec;

  /** @param options.image a foreign one; RoSE's own when not given */
  static async start(
    engine: TestEngine,
    { image, ...options }: { extraCaFile?: string; image?: string } = {},
  ): Promise<AgentInContainer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rose-docker-'));
    const installation = path.basename(folder).toLowerCase();
    const runtime = await testRuntime(engine, { installation, dataDir: folder, imageFolder: IMAGE_FOLDER, ...options });
    const limits = { memoryMiB: 1024, cpus: 2, pids: 512 };
    const spec = { projectId: 1, volume: 'home', secret: 'secret of Ada', limits, environment: {} };
    const agent = new AgentInContainer(runtime, folder, spec, await runtime.create({ ...spec, image }));
    await agent.#begin();
    return agent;
  }

  constructor(runtime: Runtime, folder: string, spec: ContainerSpec, info: ContainerInfo) {
    this.runtime = runtime;
    this.info = info;
    this.connection = new AgentConnection(() => runtime.connect(this.info.id), spec.secret);
    this.#folder = folder;
    this.#spec = spec;
  }

  /** Removes the container and makes another of an image, on the same volume. */
  async changeImage(image: string | undefined): Promise<void> {
    await this.runtime.remove(this.info.id);
    this.info = await this.runtime.create({ ...this.#spec, image });
    await this.#begin();
  }

  /** Runs a shell script in the workspace; what it writes on either stream, and its code. */
  async run(script: string, shell = 'bash'): Promise<{ code: number | null; output: string }> {
    const spec: CommandSpec = { argv: [shell, '-c', script], timeLimitSeconds: 60 };
    const body = encodeJsonFrame(COMMAND_REQUEST.SPEC, spec);
    const answer = await this.connection.stream({ method: 'POST', path: `/-/${STREAMS.runCommand}`, body });
    const output: Buffer[] = [];
    for await (const { type, payload } of readFrames(answer)) {
      if (type === COMMAND_RESPONSE.STDOUT || type === COMMAND_RESPONSE.STDERR) output.push(payload);
      if (type !== COMMAND_RESPONSE.EXIT) continue;
      const { code } = decodeJson(payload) as CommandExit;
      return { code, output: Buffer.concat(output).toString() };
    }
    throw new Error(`The command did not end: ${Buffer.concat(output).toString()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection[Symbol.asyncDispose]();
    await this.runtime.remove(this.info.id);
    await this.runtime.removeVolume(this.info.volume);
    await this.runtime[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }

  async #begin(): Promise<void> {
    await this.runtime.start(this.info.id);
    const deadline = Date.now() + READY_MS;
    for (;;) {
      try {
        await this.connection.request({ method: 'GET', path: '/healthz', role: 'viewer' });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw new Error(await this.runtime.logs(this.info.id), { cause: error });
        await sleep(20);
      }
    }
  }
}
