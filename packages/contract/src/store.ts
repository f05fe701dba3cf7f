import { z } from 'zod';
import { projectIdSchema } from './projects.ts';

export const verifyInput = z.strictObject({
  /** Missing: all projects of the account. */
  projectId: projectIdSchema.optional(),
  /** Share of the objects to hash. */
  percent: z.number().gt(0).max(100).default(100),
});
export const collectInput = z.strictObject({
  /** Say what would be freed, and free nothing. */
  dryRun: z.boolean().default(false),
});
