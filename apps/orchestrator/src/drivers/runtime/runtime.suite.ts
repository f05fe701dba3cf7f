import { describe } from 'vitest';
import { isolationRules } from './suite/isolation.ts';
import { lifecycleRules } from './suite/lifecycle.ts';
import { limitRules } from './suite/limits.ts';
import { socketRules } from './suite/sockets.ts';
import type { MakeRuntime } from './suite/bench.ts';

export type { MakeRuntime } from './suite/bench.ts';

export interface SuiteOptions {
  /** Which limits are enforced here; the others are skipped by name. */
  enforced: { memory: boolean; cpu: boolean; pids: boolean };
  /** null runs all; a sentence skips all and says why. */
  skip?: string | null;
  /** Without a sandbox there is nothing to hold anybody back. */
  isolated?: boolean;
}

/** The rules that every runtime keeps. Each test has a data directory and an installation of its own. */
export function runtimeSuite(name: string, make: MakeRuntime, options: SuiteOptions): void {
  const { skip = null, isolated = true } = options;
  describe.skipIf(skip !== null)(skip === null ? name : `${name} (skipped: ${skip})`, () => {
    lifecycleRules(make);
    socketRules(make);
    limitRules(make, options.enforced);
    if (isolated) isolationRules(make);
  });
}
