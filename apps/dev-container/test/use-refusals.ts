import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_ZIP_LIMITS, type ZipLimits } from '@rose/contract';
import { afterAll, beforeAll, expect } from 'vitest';
import { startAgent, type TestAgent } from './start-agent.ts';
import { makeZip, type HostileEntry } from './zip-writer.ts';

export interface Refusals {
  /** Unpacks a zip with the service, which must refuse and leave nothing. */
  of(zip: Buffer, limits?: Partial<ZipLimits>): Promise<{ code: string; message: string }>;
  /** The same for one good entry and these. */
  expect(entries: HostileEntry[], problem: RegExp): Promise<void>;
}

/** Starts an agent before the tests of this file, with one file in its workspace. */
export function useRefusals(): Refusals {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await startAgent();
    writeFileSync(join(agent.workspace, 'mine'), 'kept');
  });
  afterAll(() => agent[Symbol.asyncDispose]());

  async function refusalOf(zip: Buffer, limits: Partial<ZipLimits> = {}): Promise<{ code: string; message: string }> {
    const error = await unzip(agent, zip, limits).then(
      () => ({ code: 'ACCEPTED', message: '' }),
      (reason: unknown) => reason as { code: string; message: string },
    );
    expect(readdirSync(agent.workspace)).toEqual(['mine']);
    expect(readFileSync(join(agent.workspace, 'mine'), 'utf8')).toBe('kept');
    expect(readdirSync(join(agent.home, '.rose/archive'))).toEqual([]);
    return { code: error.code, message: error.message };
  }

  return {
    of: refusalOf,
    async expect(entries, problem) {
      const zip = makeZip([{ name: 'good', data: 'good' }, ...entries]);
      expect(await refusalOf(zip)).toEqual({ code: 'ARCHIVE_REFUSED', message: expect.stringMatching(problem) });
    },
  };
}

/** Unpacks into the root of the workspace. */
export async function unzip(agent: TestAgent, zip: Buffer, limits: Partial<ZipLimits> = {}): Promise<void> {
  async function* once(): AsyncGenerator<Buffer> {
    yield zip;
  }
  const signal = AbortSignal.timeout(20_000);
  await agent.agent.archive.unzip('' as never, once(), { ...DEFAULT_ZIP_LIMITS, ...limits }, signal);
}
