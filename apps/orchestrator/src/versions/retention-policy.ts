/** What a project keeps of the checkpoints that RoSE made by itself. */
export interface RetentionPolicy {
  /** The newest checkpoints, in any case. */
  last: number;
  /** Hours, days and weeks of which the newest checkpoint is kept. */
  hourly: number;
  daily: number;
  weekly: number;
}

export interface Checkpoint {
  number: number;
  createdAt: Date;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PERIODS = { hourly: HOUR_MS, daily: DAY_MS, weekly: 7 * DAY_MS } as const;

/**
 * Numbers of the checkpoints that a policy lets go, oldest first. As in restic's `forget`: the
 * newest of each of the last N periods that have one is kept; a checkpoint may be kept by several rules.
 */
export function surplus(checkpoints: readonly Checkpoint[], policy: RetentionPolicy): number[] {
  const newestFirst = checkpoints.toSorted(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.number - a.number,
  );
  const kept = new Set(newestFirst.slice(0, policy.last).map(({ number }) => number));
  for (const [rule, periodMs] of Object.entries(PERIODS) as [keyof typeof PERIODS, number][]) {
    const seen = new Set<number>();
    for (const { number, createdAt } of newestFirst) {
      const period = Math.floor(createdAt.getTime() / periodMs);
      if (seen.has(period)) continue;
      if (seen.size >= policy[rule]) break;
      seen.add(period);
      kept.add(number);
    }
  }
  return newestFirst
    .map(({ number }) => number)
    .filter((number) => !kept.has(number))
    .toReversed();
}
