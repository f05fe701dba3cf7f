import { router, system } from '../trpc.ts';

export const snapshotRouter = router({
  /** How the last load of this workspace ended; null when there is none on record. */
  standing: system.query(({ ctx }) => ctx.agent.snapshots.standing()),
});
