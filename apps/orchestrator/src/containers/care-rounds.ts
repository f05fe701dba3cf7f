import type { Logger } from 'pino';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { Attendant } from './attendant.ts';
import type { Caretaker } from './caretaker.ts';
import type { ContainersRepository } from './containers-repository.ts';
import type { DiskWatch } from './disk-watch.ts';
import { removeLeftovers, sweep } from './reconcile.ts';
import { Rounds } from './rounds.ts';

/** Between rounds, ms. */
const ATTENDANCE_MS = 15_000;
const SWEEP_MS = 30_000;
const DISK_MS = 1000;
const LEFTOVERS_MS = 10 * 60_000;

export interface CareRoundsOptions {
  attendant: Attendant;
  disk: DiskWatch;
  repository: ContainersRepository;
  runtime: Runtime;
  care: Caretaker;
  log: Logger;
}

/** All that is done for containers at intervals, until it is disposed. */
export function startCareRounds({ attendant, disk, ...swept }: CareRoundsOptions): AsyncDisposable {
  const rounds = [
    new Rounds(ATTENDANCE_MS, (last) => attendant.round(last)),
    new Rounds(SWEEP_MS, () => sweep(swept)),
    new Rounds(DISK_MS, (last) => disk.round(last)),
    new Rounds(LEFTOVERS_MS, (last) => removeLeftovers(swept, last)),
  ];
  return {
    [Symbol.asyncDispose]: async () => void (await Promise.all(rounds.map((round) => round[Symbol.asyncDispose]()))),
  };
}
