import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

let house: House;
let ada: Someone;

const TREE = `
  mkdir -p src/deep
  printf 'first\\n\\tneedle\\033[31m here\\n' > src/main.ts
  printf 'Needle (x)\\n' > src/deep/other.js
  printf 'needle\\0' > binary
  printf 'needle\\n' > "$(printf 'caf\\351')"
  truncate -s 17M large`;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
  await ada.rose('exec', 'shop', '--', 'bash', '-ec', TREE);
  await ada.rose('save', 'shop');
});
afterAll(() => house?.[Symbol.asyncDispose]());

const lines = async (...argv: string[]) => (await ada.rose('grep', ...argv)).split('\n').filter(Boolean).toSorted();

test('a version is searched line by line with no container running, and what it holds moves no cursor', async () => {
  await ada.rose('project', 'stop', 'shop');
  expect(await lines('shop@1', 'needle', '--exclude', 'large')).toEqual([
    'caf\\xE9:1:needle',
    'src/main.ts:2:\\tneedle\\x1B[31m here',
  ]);
  expect(await lines('shop@1', '(X)', '-iF', '--include', 'src/**')).toEqual(['src/deep/other.js:1:Needle (x)']);
  expect(await lines('shop@1', '-', '--include', '*.md')).toEqual([]);
  expect(await ada.json('project', 'show', 'shop')).toMatchObject({ state: 'asleep' });
});

test('names are searched too', async () => {
  expect(await lines('shop@1', 'deep|^caf', '--names')).toEqual(['caf\\xE9', 'src/deep/']);
  expect(await lines('shop@1', 'src/.*s$', '--names')).toEqual(['src/deep/other.js', 'src/main.ts']);
});

test('without a version the live workspace is searched', async () => {
  await ada.rose('exec', 'shop', '--', 'sh', '-c', 'echo a live needle > live');
  expect(await lines('shop', 'live n', '--exclude', 'large')).toEqual(['live:1:a live needle']);
  expect(await lines('shop', 'liv.', '--names')).toEqual(['live']);
});

test('programs get one document', async () => {
  expect(await ada.json('grep', 'shop@1', '-F', 'needle', '--include', 'caf*', '--include', 'large')).toEqual({
    hits: [{ path: 'caf\udce9', line: 1, column: 1, length: 6, text: 'needle', offset: 0 }],
    summary: {
      files: 1,
      hits: 1,
      skipped: { binary: 0, large: 1, unreadable: 0 },
      truncated: false,
      timedOut: false,
    },
  });
});

test('what was left out is said beside the hits', async () => {
  const { code, out, err } = await ada.run(['grep', 'shop@1', '.', '--max', '1']);
  expect({ code, lines: out.split('\n').length, err }).toEqual({
    code: 0,
    lines: 2,
    err: expect.stringMatching(/^There are more than 1 hit; --max N shows more\.\n(1 file over 16 MiB left out\.\n)?$/),
  });
});

test('a pattern that is none is a failure, and a wrong --max is bad usage', async () => {
  const { code, err } = await ada.run(['grep', 'shop@1', '(']);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('Unterminated group') });
  expect((await ada.run(['grep', 'shop@1', 'x', '--max', '0'])).code).toBe(2);
});
