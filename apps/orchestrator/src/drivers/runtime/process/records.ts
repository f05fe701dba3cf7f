import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerSpec } from '../runtime.ts';
import type { Cgroup } from './cgroups.ts';
import type { ProcessIdentity } from './proc.ts';
import type { Way } from './ways.ts';

/** What is known of a container, kept in its folder so that the next orchestrator can adopt it. */
export interface ContainerRecord {
  id: string;
  installation: string;
  spec: ContainerSpec;
  agentBuild: string;
  /** The last start; null before the first. */
  run: Run | null;
}

export interface Run {
  startedAt: string;
  way: Way;
  keeper: ProcessIdentity;
  /** null: the orchestrator died while it was starting. */
  agent: ProcessIdentity | null;
  cgroup: Cgroup;
}

/** `<dataDir>/containers/<id>/`: record.json, and what the keeper writes. Holds secrets: 0700. */
export class Records {
  readonly #root: string;
  readonly #installation: string;

  constructor(dataDir: string, installation: string) {
    this.#root = path.join(dataDir, 'containers');
    this.#installation = installation;
  }

  folder(id: string): string {
    return path.join(this.#root, id);
  }

  /** null when there is none, or it is another installation's. */
  async read(id: string): Promise<ContainerRecord | null> {
    // What names a container comes from the database, but a path must never leave the folder.
    if (!/^[\w-]+$/.test(id)) return null;
    const text = await readFile(this.#file(id), 'utf8').catch(() => null);
    if (text === null) return null;
    const record = JSON.parse(text) as ContainerRecord;
    return record.installation === this.#installation ? record : null;
  }

  async all(): Promise<ContainerRecord[]> {
    const ids = await readdir(this.#root).catch(() => []);
    const records = await Promise.all(ids.map((id) => this.read(id)));
    return records.filter((record) => record !== null);
  }

  /** Whole or not at all, and synced: after a crash of the machine no half record is left. */
  async write(record: ContainerRecord): Promise<void> {
    await mkdir(this.folder(record.id), { recursive: true, mode: 0o700 });
    const fresh = `${this.#file(record.id)}.new`;
    const handle = await open(fresh, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(record));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, this.#file(record.id));
  }

  /** The record first: what is left of a removal that was killed is then no container. */
  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
    await rm(this.folder(id), { recursive: true, force: true });
  }

  /** null before the first run has ended, and when its keeper was killed. */
  async exitCode(id: string): Promise<number | null> {
    const text = await readFile(path.join(this.folder(id), 'exit'), 'utf8').catch(() => null);
    return text === null ? null : Number(text);
  }

  /** The last 64 KiB that its processes wrote. */
  async log(id: string): Promise<string> {
    const read = (name: string): Promise<Buffer> =>
      readFile(path.join(this.folder(id), name)).catch(() => Buffer.alloc(0));
    return Buffer.concat([await read('log.old'), await read('log')])
      .subarray(-64 * 1024)
      .toString('utf8');
  }

  #file(id: string): string {
    return path.join(this.folder(id), 'record.json');
  }
}
