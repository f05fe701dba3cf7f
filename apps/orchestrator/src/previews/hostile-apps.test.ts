import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { previewHouse, type PreviewHouse } from '../../test/preview-house.ts';

const PORT = 5200;
/** Answers every connection with the bytes that the path names, in base64url. */
const SERVER = `require('net').createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (data) => {
    const path = /^\\w+ \\/(\\S*)/.exec(data)[1];
    if (path === 'silent') return;
    if (path === 'headers') return socket.end('HTTP/1.1 200 OK\\r\\nx: ' + 'y'.repeat(1e6) + '\\r\\n\\r\\n');
    if (path === 'endless') { const more = () => { while (!socket.destroyed && socket.write('x'.repeat(65536))); }; socket.on('drain', more); return more(); }
    socket.end(Buffer.from(path, 'base64url'));
  });
}).listen(${PORT}, '127.0.0.1', () => console.log('ready'))`;

let house: PreviewHouse;
let cookie: string;
beforeAll(async () => {
  house = await previewHouse();
  await house.run(['node', '-e', SERVER]);
  const { url } = await house.ada.rose.previews.open.mutate({ projectId: house.project, port: PORT });
  cookie = await house.enter(url);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const answerTo = (address: string) => house.visit(address, cookie, { port: PORT, headers: { accept: 'text/html' } });
const bytes = (text: string): string => `/${Buffer.from(text, 'latin1').toString('base64url')}`;

it.each([
  ['no HTTP', bytes('hello\r\n\r\n'), 'not HTTP'],
  ['nothing', bytes(''), 'broke off'],
  ['a greeting of TLS', bytes('\x15\x03\x01\x00\x02\x02\x46'), 'not HTTP'],
  ['headers of a megabyte', '/headers', '64 KiB'],
  ['bytes without end', '/endless', 'not HTTP'],
  ['two lengths', bytes('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'), 'not HTTP'],
  [
    'a length and chunks',
    bytes('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    'not HTTP',
  ],
  [
    'another protocol that nobody asked for',
    bytes('HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    'broke off',
  ],
  ['the status 000', bytes('HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n'), 'as a web server does'],
])('an app that answers %s gets a page that says so', async (_what, address, words) => {
  const { status, text, headers } = await answerTo(address);
  expect(status).toBe(502);
  expect(text).toContain(words);
  expect(text).toContain(`port ${PORT}`);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
});

it('headers that belong to another answer cannot be smuggled in', async () => {
  const { headers, text } = await answerTo(
    bytes('HTTP/1.1 200 OK\r\nx: a\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nset-cookie: rose=x\r\n\r\n'),
  );
  expect(text).toBe('ok');
  expect(headers).not.toHaveProperty('set-cookie');
  expect((await answerTo(bytes('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext'))).text).toBe('next');
});

it('other calls to the project go on while an app leaves all its visitors waiting', async () => {
  const silent = Array.from({ length: 70 }, () => {
    const headers = { host: house.host(PORT), cookie };
    return httpRequest(`${house.rose.url}/silent`, { headers, agent: false })
      .on('error', () => {})
      .end();
  });
  await expect.poll(() => house.rose.context.services.containers.activity.idleMs(house.project)).toBe(0);
  await house.ada.rose.workspace(house.project).files.list.query({ path: '' });
  for (const asked of silent) asked.destroy();
  expect((await answerTo(bytes('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))).text).toBe('ok');
});
