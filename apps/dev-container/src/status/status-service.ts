import type { Environment } from '../environment.ts';
import { freeBytes } from '../files/space.ts';

export interface Status {
  /** Build key; an orchestrator with another one replaces the container at its next use. */
  build: string;
  /** ISO 8601. */
  startedAt: string;
  uptimeSeconds: number;
  node: string;
  pid: number;
  /** Commands that are running now. */
  commands: number;
  /** Bytes that can still be written to the workspace's file system. */
  freeBytes: number;
}

export async function readStatus(environment: Environment, startedAt: Date, commands: number): Promise<Status> {
  return {
    build: environment.build,
    startedAt: startedAt.toISOString(),
    uptimeSeconds: (Date.now() - startedAt.getTime()) / 1000,
    node: process.version,
    pid: process.pid,
    commands,
    freeBytes: await freeBytes(environment.home),
  };
}
