import { z } from 'zod';
import { projectIdSchema, type ProjectState } from './projects.ts';

/** A project's state, as it became at a time. */
export interface StateChange {
  projectId: number;
  state: ProjectState;
  /** Why, for people, where there is something to say. */
  reason: string | null;
  /** ISO 8601. */
  at: string;
}

/** What a dev container uses, and what it may use at most. All zero while none runs. */
export interface ContainerUsage {
  state: ProjectState;
  /** ISO 8601. */
  at: string;
  /** Of the moment before; 100 is one processor. */
  cpuPercent: number;
  cpuLimitPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  processes: number;
  processLimit: number;
  /** What the volume holds, workspace and home, when it was measured last; null before the first time. */
  diskBytes: number | null;
  /** 0: as much as there is. */
  diskLimitBytes: number;
  /** How many files that is, directories and links among them; null before the first time. */
  diskFiles: number | null;
  /** It follows from the limit of bytes; 0: as many as there can be. */
  diskFileLimit: number;
}

/** A connection out of a dev container that was refused. */
export interface RefusedConnection {
  /** ISO 8601. */
  at: string;
  host: string;
  port: number;
  reason: string;
  /** Refusals before this one that were too many to note. */
  unnoted: number;
}

/** Refusals that are remembered of each project. */
export const MAX_REFUSALS = 200;

export const refusalsInput = z.strictObject({
  projectId: projectIdSchema,
  limit: z.number().int().min(1).max(MAX_REFUSALS).default(MAX_REFUSALS),
});

/**
 * What the name of a variable begins with that a container gets for its commands alone: the agent takes it off for
 * them, and is not affected itself (by NODE_OPTIONS, say).
 */
export const COMMAND_VARIABLE = 'ROSE_COMMAND_';
