import { z } from 'zod';
import { printable, storable } from './text.ts';

/** 1–100 characters, not all digits (those are ids), none of `@ : /`. */
export const projectNameSchema = printable(
  z
    .string()
    .trim()
    .min(1, 'A project name is needed.')
    .max(100, 'A project name has at most 100 characters.')
    .refine((name) => !/^\d+$/.test(name), 'A project name of digits only would be taken for an id.')
    .refine((name) => !/[@:/]/.test(name), 'A project name has none of @ : /'),
);
export const projectDescriptionSchema = storable(
  z.string().max(10_000, 'A description has at most 10,000 characters.'),
);
export const projectIdSchema = z.number().int().min(1).max(2_147_483_647);

export const projectInput = z.strictObject({ projectId: projectIdSchema });
export const createProjectInput = z.strictObject({
  name: projectNameSchema,
  description: projectDescriptionSchema.default(''),
});
export const renameProjectInput = z.strictObject({ projectId: projectIdSchema, name: projectNameSchema });

export const forkProjectInput = z.strictObject({
  projectId: projectIdSchema,
  /** Missing: the active version. */
  version: z.number().int().min(1).max(2_147_483_647).optional(),
  name: projectNameSchema,
  description: projectDescriptionSchema.default(''),
});

export const PROJECT_STATES = [
  'absent',
  'starting',
  'running',
  'paused',
  'stopping',
  'asleep',
  'needs-attention',
] as const;
export type ProjectState = (typeof PROJECT_STATES)[number];
export type ProjectRole = 'owner' | 'editor' | 'viewer';

/** A project as the API and the CLI's JSON show it. */
export interface Project {
  id: number;
  name: string;
  description: string;
  /** E-mail of the owner. */
  owner: string;
  role: ProjectRole;
  state: ProjectState;
  /** What needs attention, or why RoSE stopped it; null where there is nothing to say. */
  stateReason: string | null;
  /** docker or process; null before a container was ever made. */
  runtime: 'docker' | 'process' | null;
  activeVersion: number | null;
  /** Where it was forked from; null for a project of its own, or when that project is gone. */
  forkedFrom: { projectId: number; version: number } | null;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601 for a deleted project that can still be undeleted, else null. */
  deletedAt: string | null;
}
