import { ask } from '@rose/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openHouse, type House, type Someone } from './house.ts';

const PORT = 5180;
const SERVER = `require('http').createServer((request, response) => response.end('the shop')).listen(${PORT}, '127.0.0.1', () => console.log('ready'))`;
const START = `setsid node -e "${SERVER}" > log 2>&1 < /dev/null & until [ -s log ]; do sleep 0.1; done`;
let house: House;
let ada: Someone;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  await ada.signUp();
  await ada.rose('project', 'create', 'shop');
  await ada.rose('exec', 'shop', '--', 'sh', '-c', START);
  await vi.waitFor(async () => expect(await ada.rose('ports', 'shop')).toContain(String(PORT)), 30_000);
});
afterAll(() => house?.[Symbol.asyncDispose]());

/** What a browser sees that is sent to this URL, after its redirect. */
async function look(url: string): Promise<{ status: number; text: string }> {
  const { host, pathname, search } = new URL(url);
  const { headers } = await ask(house.orchestrator.url + pathname + search, { headers: { host } });
  const cookie = headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
  const { status, text } = await ask(`${house.orchestrator.url}/`, { headers: { host, cookie } });
  return { status, text };
}

test('open ports are listed with what listens there, and where their previews are', async () => {
  const [open] = await ada.json<unknown[]>('ports', 'shop');
  const url = `http://p1-${PORT}.localhost:${new URL(house.orchestrator.url).port}/`;
  expect(open).toEqual({ port: PORT, process: 'node', url });
  expect(await ada.rose('ports', 'shop')).toBe(
    ` PORT  PROCESS  PREVIEW\n ${PORT}  node     ${url}\n`.replaceAll(/^ /gm, ''),
  );
});

test('a preview is printed as a URL that lets one in', async () => {
  const { code, out, err } = await ada.run(['preview', 'shop', String(PORT)]);
  expect({ code, err }).toEqual({ code: 0, err: 'Open it within a minute; it lets you in once.\n' });
  expect(await look(out.trim())).toEqual({ status: 200, text: 'the shop' });
  expect(await look(out.trim())).toMatchObject({ status: 401 });
});

test('a link is shared, listed and revoked', async () => {
  const link = await ada.json<{ id: number; url: string }>(
    'preview',
    'shop',
    String(PORT),
    '--share',
    '--expires',
    '2h',
  );
  expect(link).toMatchObject({ id: 1, port: PORT, sharedBy: ada.email });
  expect(await look(link.url)).toEqual({ status: 200, text: 'the shop' });
  const { url: _, ...listed } = link;
  expect(await ada.json('preview', 'shop')).toEqual([listed]);
  expect(await ada.rose('preview', 'shop')).toMatch(/^ID {2}PORT {2}SHARED BY.*\n 1 {2}5180 {2}ada@example.org/);
  expect(await ada.json('preview', 'shop', '--revoke', '1')).toEqual({ id: 1, revoked: true });
  expect(await look(link.url)).toMatchObject({ status: 401 });
  expect(await ada.run(['preview', 'shop', '--revoke', '1'])).toMatchObject({ code: 1 });
});

test.each([
  ['preview', 'shop', '0'],
  ['preview', 'shop', 'http'],
  ['preview', 'shop', '--share'],
  ['preview', 'shop', '80', '--expires', '1h'],
  ['preview', 'shop', '80', '--share', '--expires', 'soon'],
  ['preview', 'shop', '80', '--share', '--revoke', '1'],
  ['preview', 'shop', '--revoke', 'x'],
])('rose %s %s %s %s is bad usage', async (...argv) => {
  expect(await ada.run(argv)).toMatchObject({ code: 2 });
});
