import { MAX_TERMINAL_SIDE, type TerminalSize } from '@rose/contract';
import { z } from 'zod';
import { rawPathSchema } from '../files/paths.ts';
import { editor, router } from '../trpc.ts';

const side = z.int().min(1).max(MAX_TERMINAL_SIDE);
export const terminalSizeSchema = z.strictObject({ cols: side, rows: side }) satisfies z.ZodType<TerminalSize>;
const terminal = z.strictObject({ id: z.uuid() });

/** Shells on pseudo-terminals; `terminals.attach` itself is a byte stream. */
export const terminalsRouter = router({
  create: editor
    .input(terminalSizeSchema.extend({ cwd: rawPathSchema.default('' as never) }))
    .mutation(({ ctx, input }) => ctx.agent.terminals.create(input)),

  list: editor.query(({ ctx }) => ctx.agent.terminals.list()),

  resize: editor
    .input(terminalSizeSchema.extend(terminal.shape))
    .mutation(({ ctx, input: { id, ...size } }) => ctx.agent.terminals.get(id).resize(size)),

  close: editor.input(terminal).mutation(({ ctx, input }) => ctx.agent.terminals.close(input.id)),
});
