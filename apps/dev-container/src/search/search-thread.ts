import { workerData } from 'node:worker_threads';
import type { Fd } from '@rose/snapshot/disk';
import { carryOut } from '@rose/snapshot/search/thread';
import { searchDisk } from './search-disk.ts';

/** A thread that searches the workspace. */

export interface WorkspaceSearch {
  /** The workspace; the main thread closes it. */
  root: Fd;
}

const { root } = workerData as WorkspaceSearch;
await carryOut((search) => searchDisk(search, root));
