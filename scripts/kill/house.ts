import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createRoseClient, type RoseClient } from '@rose/client/node';
import pg from 'pg';
import { removeAll } from '../lifecycle/docker.ts';

const MAIN = path.resolve(import.meta.dirname, '../../apps/orchestrator/src/main.ts');
/** As `npm start`. */
const NODE_FLAGS = ['--max-semi-space-size=8'];
const START_MS = 60_000;

export interface HouseOptions {
  /** Default: process. */
  runtime?: 'docker' | 'process';
  /** Beside the environment of this process: DOCKER_HOST, ROSE_BASE_IMAGE. */
  environment?: Record<string, string>;
}

/** An installation of its own that can be killed and started again, with one account and one project. */
export class House implements AsyncDisposable {
  readonly dataDir: string;
  readonly runtime: 'docker' | 'process';
  readonly environment: Record<string, string>;
  #child: ChildProcess | null = null;
  #session: string | null = null;
  #rose: RoseClient | null = null;
  #url = '';
  projectId = 0;

  private constructor(dataDir: string, { runtime = 'process', environment = {} }: HouseOptions) {
    this.dataDir = dataDir;
    this.runtime = runtime;
    this.environment = environment;
  }

  static async build(options: HouseOptions = {}): Promise<House> {
    const house = new House(await mkdtemp(path.join(tmpdir(), 'rose-kill-')), options);
    try {
      await house.start();
      const account = { email: 'ada@example.org', name: 'Ada', password: 'a password for kill tests' };
      await house.rose.accounts.signUp.mutate(account);
      house.projectId = (await house.rose.projects.create.mutate({ name: 'kill test' })).id;
      return house;
    } catch (error) {
      await house[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The client; another one after each start. */
  get rose(): RoseClient {
    if (this.#rose === null) throw new Error('The orchestrator does not run.');
    return this.#rose;
  }

  /** Where it served last. */
  get url(): string {
    return this.#url;
  }

  /** Of the orchestrator. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The orchestrator does not run.');
    return pid;
  }

  /** The embedded PostgreSQL of this installation, as libpq names it. */
  get databaseUrl(): string {
    const [, port, , role, password] = readFileSync(path.join(this.dataDir, 'postgres/pgpass'), 'utf8')
      .trim()
      .split(':');
    return `postgresql://${role}:${password}@127.0.0.1:${port}/rose`;
  }

  /** Asks the database past the orchestrator. */
  async query<T extends pg.QueryResultRow>(sql: string): Promise<T[]> {
    const database = new pg.Client({ connectionString: this.databaseUrl });
    await database.connect();
    try {
      return (await database.query<T>(sql)).rows;
    } finally {
      await database.end();
    }
  }

  /** The id in the names of all that this installation has. */
  async installation(): Promise<string> {
    return (await this.query<{ uuid: string }>('SELECT uuid FROM "Installation"'))[0]!.uuid;
  }

  /** Starts the orchestrator as a program and waits until it can serve, at another port each time unless one is given. */
  async start(port = '0'): Promise<void> {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      ...this.environment,
      ROSE_DATA_DIR: this.dataDir,
      ROSE_PORT: port,
      ROSE_RUNTIME: this.runtime,
      LOG_LEVEL: 'silent',
    };
    delete env['DATABASE_URL'];
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#child = child;
    const lines = createInterface(child.stdout);
    const late = AbortSignal.timeout(START_MS);
    const [line] = (await Promise.race([
      once(lines, 'line', { signal: late }),
      once(child, 'exit', { signal: late }).then(([code]) => {
        throw new Error(`The orchestrator ended with code ${String(code)} before it served.`);
      }),
    ])) as [string];
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url === undefined) throw new Error(`The orchestrator said "${line}".`);
    this.#url = url;
    this.#rose = createRoseClient({
      url,
      token: this.#session ?? undefined,
      onSession: (session) => (this.#session = session),
    });
  }

  /** Kills the orchestrator, and it alone: what it started runs in sessions of its own. */
  async killOrchestrator(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    await exit;
    this.#child = null;
    this.#rose = null;
  }

  /** Kills the agent of the project's dev container. */
  killAgent(): void {
    for (const { run } of this.containers()) {
      const pid = run?.agent?.pid;
      if (pid === undefined) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
  }

  /** Every dev container of this installation that its runtime knows. */
  containers(): ContainerRecord[] {
    const folder = path.join(this.dataDir, 'containers');
    return readdirSync(folder).flatMap((id) => {
      try {
        return [JSON.parse(readFileSync(path.join(folder, id, 'record.json'), 'utf8')) as ContainerRecord];
      } catch {
        return [];
      }
    });
  }

  /** Stops what runs and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const installation = this.runtime === 'docker' ? await this.installation().catch(() => null) : null;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
      if (installation !== null) await removeAll(this, installation);
    }
    // Workspaces hold closed directories, and only root removes from those.
    execFileSync('chmod', ['-R', 'u+rwx', this.dataDir]);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The part of a record of the process runtime that is of interest here. */
export interface ContainerRecord {
  id: string;
  spec: { projectId: number; volume: string };
  run: { agent: { pid: number } | null; cgroup: { freezer?: string; cpuacct?: string; cpu?: string } } | null;
}
