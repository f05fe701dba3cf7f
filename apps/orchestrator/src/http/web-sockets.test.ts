import { once } from 'node:events';
import { connect } from 'node:net';
import { testOrchestrator } from '@rose/testing';
import { expect, it } from 'vitest';

it('an upgrade that is refused ends its connection: nobody without a session can hold one', async () => {
  await using rose = await testOrchestrator();
  const { port, host } = new URL(rose.url);
  const refused: [path: string, headers: string][] = [
    ['/projects/1/agent/-/terminals.attach', `Host: ${host}`],
    ['/projects/1/agent/-/terminals.attach', 'Host: evil.example'],
    ['/projects/1/agent/-/terminals.attach', `Host: ${host}\r\nOrigin: http://evil.example`],
    ['/healthz', `Host: ${host}\r\nOrigin: http://evil.example`],
  ];
  for (const [path, headers] of refused) {
    const socket = connect(Number(port), '127.0.0.1');
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    socket.write(`GET ${path} HTTP/1.1\r\n${headers}\r\n${upgrade}\r\n\r\n`);
    let told = '';
    socket.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
    expect(told).toMatch(/^HTTP\/1\.1 40[134]/);
  }
});
