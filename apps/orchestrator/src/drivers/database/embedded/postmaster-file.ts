import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** What a running server says of itself in its data directory. */
export interface Postmaster {
  pid: number;
  port: number;
  isReady: boolean;
}

const fileOf = (data: string) => path.join(data, 'postmaster.pid');

/** Reads `postmaster.pid` (PostgreSQL's miscadmin.h names its lines); null while it is missing or half written. */
export function readPostmaster(data: string): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(fileOf(data), 'utf8').split('\n');
  } catch {
    return null;
  }
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 1) return null;
  return { pid, port, isReady: lines[7]?.trim() === 'ready' };
}

/** For a file whose process is known not to be a server: PostgreSQL itself would believe in any process of that id. */
export function removePostmaster(data: string): void {
  rmSync(fileOf(data), { force: true });
}
