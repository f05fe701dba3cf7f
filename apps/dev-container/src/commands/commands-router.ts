import { z } from 'zod';
import { editor, router, viewer } from '../trpc.ts';
import { signalNameSchema } from './spec.ts';

/** The commands that are running; `commands.run` itself is a byte stream. */
export const commandsRouter = router({
  list: viewer.query(({ ctx }) => ctx.agent.commands.list()),

  kill: editor
    .input(z.strictObject({ id: z.uuid(), signal: signalNameSchema.default('SIGTERM') }))
    .mutation(({ ctx, input }) => ctx.agent.commands.kill(input.id, input.signal)),
});
