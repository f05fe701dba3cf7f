import { router, viewer } from '../trpc.ts';
import { readStatus } from './status-service.ts';

export const statusRouter = router({
  /** How the agent is. */
  get: viewer.query(({ ctx: { agent } }) =>
    readStatus(agent.environment, agent.startedAt, agent.commands.list().length),
  ),
});
