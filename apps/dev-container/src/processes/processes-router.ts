import { pidSchema } from '@rose/contract';
import { z } from 'zod';
import { signalNameSchema } from '../commands/spec.ts';
import { editor, router, viewer } from '../trpc.ts';

export const processesRouter = router({
  list: viewer.query(({ ctx }) => ctx.agent.processes.list()),

  signal: editor
    .input(z.strictObject({ pid: pidSchema, signal: signalNameSchema.default('SIGTERM') }))
    .mutation(({ ctx, input }) => ctx.agent.processes.signal(input.pid, input.signal)),
});
