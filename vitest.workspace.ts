import path from 'node:path';
import type { TestProjectConfiguration } from 'vitest/config';

/** The one list of test projects. */
const project = (name: string, root: string, globalSetup: string[] = []): TestProjectConfiguration => ({
  test: {
    name,
    root,
    globalSetup,
    include: ['{src,test}/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Info-ZIP and sort keep to the locale.
    env: { LC_ALL: 'C.UTF-8' },
    // A machine under load makes a condition late, not false.
    expect: { poll: { timeout: 30_000 } },
  },
});

/** For projects whose tests use `testDatabase()`. */
const database = [path.join(import.meta.dirname, 'packages/testing/src/database-setup.ts')];

export default [
  project('contract', 'packages/contract'),
  project('snapshot', 'packages/snapshot'),
  project('client', 'packages/client'),
  project('testing', 'packages/testing', database),
  project('dev-container', 'apps/dev-container'),
  project('orchestrator', 'apps/orchestrator', database),
  project('cli', 'apps/cli', database),
  project('web', 'apps/web', database),
  { test: { name: 'scripts', root: 'scripts', include: ['**/*.test.ts'], testTimeout: 60_000 } },
] satisfies TestProjectConfiguration[];
