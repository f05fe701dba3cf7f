import { afterAll, beforeAll, expect, test } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

const FILE = '{ "name": "shop", "features": {}, "postCreateCommand": "echo set up" }';
const TOLD = '.devcontainer.json: "features" is not supported, and ignored.\n';
let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
  await ada.run(['exec', 'shop', '--', 'sh', '-c', 'cat > .devcontainer.json'], { stdin: FILE });
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('on a terminal a start tells what it does; elsewhere, and where nothing starts, it says one line', async () => {
  const restarted = await ada.run(['project', 'restart', 'shop'], { terminal: true });
  expect(restarted).toMatchObject({ code: 0, err: expect.stringContaining(TOLD) as string });
  expect((await ada.run(['project', 'start', 'shop'], { terminal: true })).err).not.toContain(TOLD);
  await ada.rose('project', 'stop', 'shop');
  expect(await ada.run(['project', 'start', 'shop'])).toMatchObject({ code: 0, err: '' });
  await ada.rose('project', 'stop', 'shop');
  expect(await ada.run(['project', 'start', 'shop', '--json'], { terminal: true })).toMatchObject({ code: 0, err: '' });
});
