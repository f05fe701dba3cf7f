import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testOrchestrator, type TestOrchestrator } from '@rose/testing';
import { expect } from 'vitest';
import { runRose, type Run, type RunOptions } from './run-rose.ts';

export const PASSWORD = 'a password that nobody guesses';

/** An orchestrator, and a home on this machine for whoever uses the program. */
export interface House extends AsyncDisposable {
  orchestrator: TestOrchestrator;
  /** A fresh directory that goes with the house. */
  directory(name: string): Promise<string>;
  /** Somebody at a machine of his own, not signed in. */
  person(name: string): Promise<Someone>;
}

export interface Someone {
  email: string;
  env: Record<string, string>;
  /** Runs `rose` as this person, whatever comes of it. */
  run(argv: string[], options?: RunOptions): Promise<Run>;
  /** As `run`, for what must succeed. @returns what it printed */
  rose(...argv: string[]): Promise<string>;
  /** As `rose`, with --json. */
  json<T>(...argv: string[]): Promise<T>;
  signUp(): Promise<void>;
}

export async function openHouse(): Promise<House> {
  await using parts = new AsyncDisposableStack();
  const root = await mkdtemp(path.join(tmpdir(), 'rose-cli-'));
  parts.defer(() => rm(root, { recursive: true, force: true }));
  const orchestrator = parts.use(await testOrchestrator({ config: { runtime: 'process' } }));
  const owned = parts.move();
  const directory = (name: string): Promise<string> => mkdtemp(path.join(root, `${name}-`));
  return {
    orchestrator,
    directory,
    person: async (name) => someone(name, { HOME: await directory(name), ROSE_URL: orchestrator.url }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function someone(name: string, env: Record<string, string>): Someone {
  const email = `${name.toLowerCase()}@example.org`;
  const run = (argv: string[], options?: RunOptions): Promise<Run> => runRose(argv, { env, ...options });
  const rose = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run(argv);
    expect({ code, err }, `rose ${argv.join(' ')}`).toEqual({ code: 0, err: '' });
    return out;
  };
  return {
    email,
    env,
    run,
    rose,
    json: async (...argv) => JSON.parse(await rose(...argv, '--json')),
    signUp: async () => {
      const argv = ['sign-up', '--email', email, '--name', name, '--password-stdin'];
      expect(await run(argv, { stdin: `${PASSWORD}\n` })).toMatchObject({ code: 0, err: '' });
    },
  };
}
