import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '@rose/testing';
import { expect, test } from 'vitest';
import { piecesOf } from './body-door.ts';

test('a body that stops coming is given up, however long its reader takes himself', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = request({ port: (server.address() as AddressInfo).port, method: 'POST', host: '127.0.0.1' });
  asked.on('error', () => {});
  asked.write('one');
  const [body] = (await once(server, 'request')) as [IncomingMessage];
  const pieces = piecesOf(body, 200);
  expect(String((await pieces.next()).value)).toBe('one');
  await sleep(400);
  asked.write('two');
  expect(String((await pieces.next()).value)).toBe('two');
  expect(await codeOf(pieces.next())).toBe('TIMEOUT');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
