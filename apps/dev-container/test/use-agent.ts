import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startAgent, type TestAgent } from './start-agent.ts';

/** One agent for the tests of a file; each test works in a directory of its own. */
export interface Bench {
  readonly agent: TestAgent;
  /** Path for the agent of what is at `path` in the test's directory. */
  at: (path: string) => string;
  /** The same on disk, absolute. */
  disk: (path: string) => string;
}

/** Starts the agent before the tests of this file and ends it after them. */
export function useAgent(): Bench {
  let agent: TestAgent;
  let count = 0;
  const root = (): string => `t${count}`;
  beforeAll(async () => {
    agent = await startAgent();
  });
  afterAll(() => agent[Symbol.asyncDispose]());
  beforeEach(() => {
    count += 1;
    mkdirSync(join(agent.workspace, root()));
  });
  return {
    get agent() {
      return agent;
    },
    at: (path) => (path === '' ? root() : `${root()}/${path}`),
    disk: (path) => join(agent.workspace, root(), path),
  };
}
