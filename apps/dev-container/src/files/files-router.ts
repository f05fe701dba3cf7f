import { fileWatchInput } from '@rose/contract';
import { z } from 'zod';
import { editor, router, viewer } from '../trpc.ts';
import { hashSchema, rawNameSchema, rawPathSchema } from './paths.ts';
import { MAX_INLINE_BYTES } from './content-service.ts';

const path = rawPathSchema;
const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** The live files of the workspace. Large content goes through the streams of file-streams.ts. */
export const filesRouter = router({
  list: viewer
    .input(
      z.strictObject({
        path: path.default('' as never),
        cursor: rawNameSchema.default('' as never),
        limit: z.number().int().min(1).max(5000).default(1000),
      }),
    )
    .query(({ ctx, input }) => ctx.agent.files.list(input.path, input.cursor, input.limit)),

  stat: viewer.input(z.strictObject({ path })).query(({ ctx, input }) => ctx.agent.files.stat(input.path)),

  read: viewer
    .input(
      z.strictObject({
        path,
        encoding: z.enum(['auto', 'utf8', 'base64']).default('auto'),
        offset: bytes.default(0),
        length: bytes.max(MAX_INLINE_BYTES).optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.agent.content.read(input)),

  write: editor
    .input(
      z.strictObject({
        path,
        content: z.string(),
        encoding: z.enum(['utf8', 'base64']).default('utf8'),
        expectedHash: hashSchema.nullish(),
      }),
    )
    .mutation(({ ctx, input, signal }) => ctx.agent.content.write(input, signal)),

  mkdir: editor
    .input(z.strictObject({ path, recursive: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.agent.files.makeDirectory(input.path, input.recursive)),

  rename: editor
    .input(z.strictObject({ from: path, to: path, overwrite: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.agent.files.rename(input.from, input.to, input.overwrite)),

  delete: editor
    .input(z.strictObject({ path, recursive: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.agent.files.delete(input.path, input.recursive)),

  /** Changes as they come. They never say what a save holds. */
  watch: viewer
    .input(fileWatchInput.extend({ path: path.default('' as never) }))
    .query(({ ctx, input, signal }) => ctx.agent.watch.watch(input, signal!)),
});
