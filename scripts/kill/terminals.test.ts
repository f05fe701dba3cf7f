import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { House } from './house.ts';

const SIZE = { cols: 80, rows: 24 };
const GROWTH = 50 * 1024 * 1024;
const WAIT = { timeout: 120_000, interval: 20 };

let house: House;
beforeAll(async () => void (house = await House.build()), 120_000);
afterAll(() => house?.[Symbol.asyncDispose](), 60_000);

const workspace = () => house.rose.workspace(house.projectId);

/** A terminal and the end of what was seen of it. */
function look(id: string) {
  const seen = { text: '', bytes: 0 };
  const terminal = workspace().terminal(id, {
    onOutput: (bytes) => {
      seen.bytes += bytes.length;
      seen.text = (seen.text + Buffer.from(bytes).toString('latin1')).slice(-10_000);
    },
  });
  const sees = (expected: string) => vi.waitFor(() => expect(seen.text).toContain(expected), WAIT);
  return { seen, terminal, sees };
}

async function open() {
  const { id } = await workspace().terminals.create.mutate(SIZE);
  const looked = look(id);
  await looked.terminal.write("PS1='$ '; echo the $((1))st\n");
  await looked.sees('the 1st');
  return { id, ...looked };
}

test('a terminal lives on while the orchestrator is killed, and what was shown is shown again', async () => {
  const before = await open();
  await before.terminal.write('word=kept; sleep 1000 & echo started $!\n');
  await before.sees('started ');
  await house.killOrchestrator();
  await house.start();
  const [listed] = await workspace().terminals.list.query();
  expect(listed).toMatchObject({ id: before.id });
  const after = look(before.id);
  await after.sees('started ');
  await after.terminal.write('echo "$word by $(jobs -r | wc -l) job"\n');
  await after.sees('kept by 1 job');
  expect(after.seen.text).toContain('the 1st');
});

test('who looks at a terminal while the orchestrator is killed goes on where he was', async () => {
  const { seen, terminal, sees } = await open();
  await terminal.write('for i in $(seq 400); do echo line $i; sleep 0.02; done; echo that is $((6 * 7))\n');
  await sees('line 20\r\n');
  const port = new URL(house.url).port;
  await house.killOrchestrator();
  await house.start(port);
  await sees('that is 42');
  expect(seen.text.match(/line \d+\r\n/g)).toEqual(Array.from({ length: 400 }, (_, at) => `line ${at + 1}\r\n`));
}, 120_000);

test('100 MB that a terminal shows, to a quick reader and one who takes nothing, grow the orchestrator by less than 50 MiB', async () => {
  const { id, terminal, seen, sees } = await open();
  const stuck = workspace().terminal(id, { onOutput: () => new Promise<void>(() => {}) });
  const other = await open();
  // What is allocated once for the first megabytes is no growth with what is shown.
  await terminal.write('yes "$(printf %0999d 7)" | head -c 5M; echo the $((1 + 1))nd\n');
  await sees('the 2nd');
  const before = memoryOf(house.pid, 'VmRSS');
  await promisify(execFile)('sh', ['-c', `echo 5 > /proc/${house.pid}/clear_refs`]);
  await terminal.write('yes "$(printf %0999d 7)" | head -c 100M; echo the $((1 + 2))rd\n');
  await vi.waitFor(() => expect(seen.bytes).toBeGreaterThan(20_000_000), WAIT);
  await other.terminal.write('echo I am $((20 + 1))\n');
  await other.sees('I am 21');
  await sees('the 3rd');
  expect(seen.bytes).toBeGreaterThan(100_000_000);
  expect(memoryOf(house.pid, 'VmHWM') - before).toBeLessThan(GROWTH);
  void stuck;
}, 240_000);

/** Bytes. */
function memoryOf(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(status)![1]) * 1024;
}
