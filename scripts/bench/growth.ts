import { peerGrower, roseGrower, type Grower } from './growers.ts';
import { gitPeer, installed, restic, type Peer } from './peers.ts';
import type { Setting } from './setting.ts';
import { median, time } from './stopwatch.ts';

/** What is measured at each point: ms, and bytes for the last. */
export const GROWTH_CASES = [
  'first save',
  'save after 1 changed file',
  'load that differs by 20 files',
  'cold load',
  'bytes stored',
] as const;

export type GrowthCase = (typeof GROWTH_CASES)[number];

/** One way at one size. */
export interface Point {
  way: string;
  files: number;
  versions: number;
  values: Partial<Record<GrowthCase, number>>;
}

const ROUNDS = [0, 1, 2];
const GROWING: readonly Peer[] = [restic, gitPeer];

/**
 * The same measurements of one tree after each of `versions` versions (ascending), for RoSE and those
 * peers that store only what changed.
 */
export async function growth(setting: Setting, versions: readonly number[]): Promise<Point[]> {
  const { workload, log } = setting;
  const points: Point[] = [];
  const peers = installed().filter((peer) => GROWING.includes(peer));
  for (const peer of [null, ...peers]) {
    await using grower = await (peer === null ? roseGrower(setting) : peerGrower(setting, peer));
    const firstMs = await time(() => grower.save());
    let saved = 1;
    for (const count of versions) {
      for (; saved < count; saved += 1) {
        grower.edit(3, saved);
        await grower.save();
      }
      const values = { ...(count === 1 ? { 'first save': firstMs } : {}), ...(await measure(grower, 1000 * count)) };
      points.push({ way: grower.name, files: workload.files, versions: count, values });
      log(`${workload.files} files, ${count} versions: ${grower.name}`);
    }
  }
  return points;
}

async function measure(grower: Grower, round: number): Promise<Point['values']> {
  const bytes = await grower.bytes();
  const saves: number[] = [];
  for (const index of ROUNDS) {
    grower.edit(1, round + index);
    saves.push(await time(() => grower.save()));
  }
  const cold = await grower.loadCold();
  const over: number[] = [];
  for (const index of ROUNDS) over.push(await grower.loadOver(20, round + index));
  return {
    'save after 1 changed file': median(saves),
    'load that differs by 20 files': median(over),
    'cold load': cold,
    'bytes stored': bytes,
  };
}
