import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { House } from '../kill/house.ts';
import { docker } from './docker.ts';
import { isFrozen } from './freezer.ts';

/** What there is of an installation, whatever its orchestrator says. */
export interface Inventory {
  containers: { id: string; projectId: number; status: string }[];
  /** Names of volumes as rows have them; of the process runtime also those on their way in or out. */
  volumes: string[];
  /** Socket folders, each with the id or the project of its container in it. */
  folders: string[];
  /** Containers of no project, processes of no container. */
  strays: string[];
  /** Containers for one question or deed, which go by themselves. */
  helpers: string[];
}

/** Asks the runtime itself: files and processes, or the engine. */
export async function inventoryOf(house: House, installation: string): Promise<Inventory> {
  const folders = namesIn(path.join(house.dataDir, 'run'));
  if (house.runtime === 'process') return { folders, ...processesOf(house) };
  return { folders, ...(await engineOf(house, installation)) };
}

/** The folder of a container's sockets. */
export function folderOf(house: House, container: Inventory['containers'][number]): string {
  return house.runtime === 'process' ? container.id : `docker-${container.projectId}`;
}

function processesOf(house: House): Omit<Inventory, 'folders'> {
  const records = house.containers();
  const root = path.join(house.dataDir, 'containers');
  const running = new Set(keepersBelow(root));
  const containers = records.map((record) => {
    const { id, run, spec } = record;
    const pid = run?.agent?.pid;
    const isAlive = pid !== undefined && stateOf(pid) !== null;
    const status = !isAlive ? 'exited' : isFrozen(record) ? 'paused' : 'running';
    return { id, projectId: spec.projectId, status };
  });
  const known = new Set(records.map(({ id }) => id));
  const strays = [...running, ...namesIn(root)].filter((id) => !known.has(id));
  return { containers, volumes: namesIn(path.join(house.dataDir, 'volumes')), strays, helpers: [] };
}

/** The containers whose keeper runs, by the folder that it was told. */
function keepersBelow(root: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => read(`/proc/${pid}/cmdline`)?.split('\0') ?? [])
    .filter((argument) => path.dirname(argument) === root)
    .map((argument) => path.basename(argument));
}

/** null when there is no such process, or only its end to be told. */
function stateOf(pid: number): string | null {
  const state = /^State:\t(\w)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return state === undefined || 'ZX'.includes(state) ? null : state;
}

interface Inspected {
  Id: string;
  State: { Status: string };
  Config: { Labels: Record<string, string> };
  Mounts: { Name?: string; Source?: string }[];
}

async function engineOf(house: House, installation: string): Promise<Omit<Inventory, 'folders'>> {
  const ids = lines(await docker(house, ['ps', '-aq', '--no-trunc']));
  const found = ids.length === 0 ? [] : await inspect(house, ids);
  const inventory: Omit<Inventory, 'folders'> = { containers: [], volumes: [], strays: [], helpers: [] };
  const prefix = `rose-${installation}-`;
  for (const { Id: id, State, Config, Mounts } of found) {
    const isOurs = Config.Labels['rose.installation'] === installation;
    const touches = Mounts.some(
      ({ Name = '', Source = '' }) => Name.startsWith(prefix) || Source.startsWith(house.dataDir),
    );
    if (isOurs) {
      inventory.containers.push({ id, projectId: Number(Config.Labels['rose.project']), status: State.Status });
    } else if (Config.Labels['rose.helper'] === installation) inventory.helpers.push(id);
    else if (touches) inventory.strays.push(id);
  }
  const volumes = await docker(house, ['volume', 'ls', '-q', '--filter', `label=rose.installation=${installation}`]);
  inventory.volumes = lines(volumes).map((name) => name.slice(prefix.length));
  return inventory;
}

/** Those that go meanwhile are left out. */
async function inspect(house: House, ids: string[]): Promise<Inspected[]> {
  try {
    return JSON.parse(await docker(house, ['inspect', ...ids])) as Inspected[];
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string };
    if (!stdout.startsWith('[')) throw error;
    return JSON.parse(stdout) as Inspected[];
  }
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
