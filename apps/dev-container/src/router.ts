import { commandsRouter } from './commands/commands-router.ts';
import { filesRouter } from './files/files-router.ts';
import { portsRouter } from './ports/ports-router.ts';
import { processesRouter } from './processes/processes-router.ts';
import { searchRouter } from './search/search-router.ts';
import { snapshotRouter } from './snapshot/snapshot-router.ts';
import { statusRouter } from './status/status-router.ts';
import { terminalsRouter } from './terminals/terminals-router.ts';
import { router } from './trpc.ts';

/** The agent's procedures, at `/NAME.PROC`. */
export const appRouter = router({
  files: filesRouter,
  commands: commandsRouter,
  ports: portsRouter,
  processes: processesRouter,
  search: searchRouter,
  snapshot: snapshotRouter,
  status: statusRouter,
  terminals: terminalsRouter,
});

export type AgentRouter = typeof appRouter;
