import { workerData, type MessagePort } from 'node:worker_threads';
import type { ObjectId } from '@rose/snapshot';
import { carryOut } from '@rose/snapshot/search/thread';
import { PortObjects } from './object-port.ts';
import { searchVersion } from './search-version.ts';

/** A thread that searches one version. */

export interface VersionSearch {
  /** Through which the objects come. */
  port: MessagePort;
  ownerId: number;
  root: ObjectId;
}

const order = workerData as VersionSearch;
using objects = new PortObjects(order.port);
await carryOut((search) => searchVersion(search, objects, order.ownerId, order.root));
