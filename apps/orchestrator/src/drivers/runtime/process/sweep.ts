import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { removeSocketFolders } from '../socket-folders.ts';
import { emptyForItsOwner } from './owners.ts';
import type { ContainerRecord } from './records.ts';

const OWN_FOLDER = /^p\d+-[0-9a-f]{12}$/;

/**
 * Removes what a killed orchestrator left half made or half removed: folders without a record,
 * agents that no container uses. Before anything is made on this data directory.
 */
export async function sweep(dataDir: string, records: ContainerRecord[], agentBuild: string): Promise<void> {
  const containers = path.join(dataDir, 'containers');
  const recorded = (id: string): boolean => existsSync(path.join(containers, id, 'record.json'));
  for (const id of await names(path.join(dataDir, 'run'))) {
    if (OWN_FOLDER.test(id) && !recorded(id)) await removeSocketFolders(dataDir, id, emptyForItsOwner);
  }
  for (const id of await names(containers)) {
    if (OWN_FOLDER.test(id) && !recorded(id)) await rm(path.join(containers, id), { recursive: true });
  }
  const used = new Set([agentBuild, ...records.map((record) => record.agentBuild)].map((build) => `agent-${build}`));
  const sandbox = path.join(dataDir, 'sandbox');
  for (const name of await names(sandbox)) {
    const unused = name.startsWith('agent-') && !used.has(name);
    if (unused || /^trial-|-new-/.test(name)) await rm(path.join(sandbox, name), { recursive: true });
  }
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
