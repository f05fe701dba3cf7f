import { afterAll, beforeAll, expect, test } from 'vitest';
import { Interrupts } from '../src/interrupts.ts';
import { openHouse, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** Runs a command that ends only by Ctrl-C, which comes when its output matches the last of `steps`. */
async function follow(argv: string[], ...steps: { sees: RegExp; act?: () => Promise<unknown> }[]): Promise<string> {
  const interrupts = new Interrupts();
  let out = '';
  let waiting = Promise.withResolvers<void>();
  const running = ada.run(argv, {
    interrupts,
    onStdout: (chunk) => {
      out += chunk.toString();
      waiting.resolve();
    },
  });
  for (const { sees, act } of steps) {
    while (!sees.test(out)) {
      await waiting.promise;
      waiting = Promise.withResolvers();
    }
    await act?.();
  }
  interrupts.receive('SIGINT');
  expect((await running).code).toBe(130);
  return out;
}

test('a project is restarted, and its states are told as they change', async () => {
  const out = await follow(
    ['project', 'watch', 'shop'],
    { sees: /is running/, act: () => ada.rose('project', 'restart', 'shop') },
    { sees: /is starting\n.*is running\n/ },
  );
  expect(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^.* is /, '')),
  ).toEqual(['running', 'stopping', 'starting', 'running']);
  const all = await follow(['project', 'watch', '--json'], { sees: /\n/ });
  expect(JSON.parse(all.split('\n')[0]!)).toEqual({
    projectId: 1,
    state: 'running',
    reason: null,
    at: expect.stringMatching(/Z$/),
  });
  expect(await ada.json('project', 'restart', 'shop')).toMatchObject({ name: 'shop', state: 'running' });
});

test('changes of files are told as they come', async () => {
  const write = (script: string) => (): Promise<string> => ada.rose('exec', 'shop', '--', 'sh', '-c', script);
  let isHeard = false;
  // Until the watch stands, nobody hears of a change.
  const stir = async (): Promise<void> => {
    while (!isHeard) await write('date > stir')();
  };
  const stirring = stir();
  const out = await follow(
    ['watch', 'shop', '--exclude', '*.log'],
    { sees: / stir\n/, act: async () => (isHeard = true) },
    { sees: / stir\n/, act: write('mkdir new; echo > new/file; echo > noise.log') },
    { sees: /^\+ new\/$/m },
    { sees: /^\+ new\/file$/m, act: write('rm new/file') },
    { sees: /^- new\/file$/m },
  );
  await stirring;
  expect(out).not.toContain('noise.log');
});

test('processes, usage and the log of a container are shown', async () => {
  expect(await ada.rose('processes', 'shop')).toMatch(/^ *PID +PPID +%CPU +MEMORY +STARTED +COMMAND\n.*agent\.mjs/s);
  const { processes } = await ada.json<{ processes: { command: string[] }[] }>('processes', 'shop');
  expect(processes.flatMap(({ command }) => command).join(' ')).toContain('agent.mjs');
  expect(await ada.rose('usage', 'shop')).toMatch(
    /^running {3}CPU [\d.]+ % of 200 % {3}memory [\d.]+ MiB of 2\.0 GiB {3}processes \d+ of 1024 {3}disk .* of 20\.0 GiB( {3}files \d+ of 1310720)?\n$/,
  );
  expect(await ada.json('usage', 'shop')).toMatchObject({ state: 'running', processLimit: 1024 });
  await follow(['usage', 'shop', '--follow'], { sees: /running.*\nrunning/ });
  expect(await ada.rose('logs', 'shop')).toContain('the agent serves');
  await follow(
    ['logs', 'shop', '--follow'],
    { sees: /the agent serves/, act: () => ada.rose('project', 'restart', 'shop') },
    { sees: /(the agent serves.*){2}/s },
  );
});

test('what was refused on the way out is listed', async () => {
  expect(await ada.rose('egress', 'shop')).toBe('Nothing was refused.\n');
  await ada.rose('exec', 'shop', '--', 'curl', '-s', 'http://10.1.2.3/');
  await expect.poll(() => ada.rose('egress', 'shop')).toMatch(/^REFUSED +HOST +REASON\n.* 10\.1\.2\.3:80 +.*private/);
  expect(await ada.json('egress', 'shop')).toMatchObject([{ host: '10.1.2.3', port: 80, unnoted: 0 }]);
});
