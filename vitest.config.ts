import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

export default defineConfig({
  test: {
    projects,
    reporters: ['default', './scripts/lib/skip-reporter.ts'],
    // Most files wait more than they reckon, for PostgreSQL, containers and deadlines.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
