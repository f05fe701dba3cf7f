import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStudio, type Studio } from '../../../test/zips.ts';

const MIB = 1024 * 1024;
const SIZE = 300 * MIB;
/** A loaded machine takes its time. */
const DEADLINE_MS = 300_000;
let studio: Studio;
let version: number;
beforeAll(async () => {
  studio = await openStudio();
  await studio.shell(`head -c ${SIZE} /dev/urandom > large; sha256sum large > sum`);
  ({ version } = await studio.save());
}, DEADLINE_MS);
afterAll(() => studio[Symbol.asyncDispose]());

test('a file of 300 MB goes out and comes in again in bounded memory', { timeout: DEADLINE_MS }, async () => {
  const { ada, project } = studio;
  const before = memory();
  let peak = before;
  const digest = createHash('sha256');
  async function* watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      digest.update(chunk);
      peak = Math.max(peak, memory());
      yield chunk;
    }
  }
  // Export and import at once: neither end holds the zip.
  const imported = await ada.rose.importZip(project.id, watched(await ada.rose.versionZip(project.id, version)));
  expect(imported.logicalBytes).toBeGreaterThan(SIZE);
  expect(peak - before).toBeLessThan(150 * MIB);
  await ada.rose.versions.load.mutate({ projectId: project.id, version: imported.version });
  await studio.shell('sha256sum -c sum');
  const highest = Number(
    await studio.shell("cat /proc/[0-9]*/status | awk '/VmHWM/ { if ($2 > m) m = $2 } END { print m }'"),
  );
  expect(highest).toBeLessThan(400 * 1024);
});

test('a reader who stops reading holds the export back, and may leave', { timeout: DEADLINE_MS }, async () => {
  const { ada, project } = studio;
  const before = memory();
  const leave = new AbortController();
  const zip = await ada.rose.versionZip(project.id, version, { signal: leave.signal });
  const reader = zip.getReader();
  await reader.read();
  for (let round = 0; round < 10; round += 1) {
    await sleep(100);
    expect(memory() - before).toBeLessThan(150 * MIB);
  }
  leave.abort();
  await reader.cancel().catch(() => {});
  expect((await studio.exported(version)).length).toBeGreaterThan(SIZE);
});

/** Buffers and heap of this process, in which the orchestrator runs. */
function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
