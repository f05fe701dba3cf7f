import { rose } from '#lib/api/rose.ts';

/** What the versions of a project cost, in compressed bytes. */
export interface Space {
  /** All that the owner stores. */
  ownerBytes: number;
  /** What this project alone needs. */
  projectBytes: number;
  /** What the owner may store; null for no limit. */
  quotaBytes: number | null;
  /** What deleting a version alone would free, by its number. */
  freed: ReadonlyMap<number, number>;
}

/** @throws RoseError FORBIDDEN for who is not the owner */
export async function spaceOf(projectId: number, signal: AbortSignal): Promise<Space> {
  const { versions, ...sums } = await rose.store.space.query({ projectId }, { signal });
  return { ...sums, freed: new Map(versions.map(({ version, freedBytes }) => [version, freedBytes])) };
}
