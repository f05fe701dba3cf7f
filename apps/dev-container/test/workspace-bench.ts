import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SnapshotEngine } from '../src/snapshot/engine.ts';

/** A workspace directory with an engine of its own; gone when disposed. */
export interface Bench extends Disposable {
  engine: SnapshotEngine;
  workspace: string;
  own: string;
  /** Absolute path of something in the workspace. */
  at(name: string): string;
  /** Writes a file with an old time, so that no clock tick hides a change to it. */
  write(name: string, content: string | Uint8Array): void;
  /** Another engine over the same directories, as after a restart. */
  restart(): SnapshotEngine;
}

export function workspaceBench(): Bench {
  const home = fs.mkdtempSync(path.join(tmpdir(), 'rose-engine-'));
  const [workspace, own] = [path.join(home, 'workspace'), path.join(home, 'own')];
  fs.mkdirSync(workspace);
  fs.mkdirSync(own);
  const bench: Bench = {
    engine: new SnapshotEngine(workspace, own),
    workspace,
    own,
    at: (name) => path.join(workspace, name),
    write: (name, content) => {
      fs.mkdirSync(path.dirname(bench.at(name)), { recursive: true });
      fs.writeFileSync(bench.at(name), content);
      fs.utimesSync(bench.at(name), 1_600_000_000, 1_600_000_000);
    },
    restart: () => (bench.engine = new SnapshotEngine(workspace, own)),
    [Symbol.dispose]: () => {
      bench.engine[Symbol.dispose]();
      // Some tests close directories, and only root removes from those.
      execFileSync('chmod', ['-R', 'u+rwx', home]);
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
  return bench;
}

/** Waits until what was written before lies outside of the clock's granularity. */
export function untilSettled(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
}
