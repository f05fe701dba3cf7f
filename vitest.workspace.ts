import type { TestProjectConfiguration } from 'vitest/config';

/** The one list of test projects. */
const project = (name: string, root: string): TestProjectConfiguration => ({
  test: { name, root, include: ['{src,test}/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 },
});

export default [
  project('contract', 'packages/contract'),
  project('snapshot', 'packages/snapshot'),
  project('testing', 'packages/testing'),
  project('dev-container', 'apps/dev-container'),
  project('orchestrator', 'apps/orchestrator'),
  project('cli', 'apps/cli'),
  project('web', 'apps/web'),
] satisfies TestProjectConfiguration[];
