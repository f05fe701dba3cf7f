import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { RuntimeEvent } from '../runtime.ts';
import { connectToEngine } from './engine.ts';
import { containerEvents } from './events.ts';
import { LABEL, namesOf } from './names.ts';
import { findTestEngine } from './test-engine.ts';

const engine = await findTestEngine();

/** A way to an engine that can be cut, and mended. */
class Way {
  readonly #from: string;
  readonly #to: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
  }

  async mend(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect(this.#to);
      for (const socket of [near, far]) this.#sockets.add(socket.on('error', () => {}));
      near.pipe(far).pipe(near);
    });
    await once(this.#server.listen(this.#from), 'listening');
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

test('what happens to a container while the engine cannot be heard is told afterwards', async ({ skip }) => {
  if (typeof engine === 'string') return skip(engine);
  const folder = await mkdtemp(path.join(tmpdir(), 'rose-events-'));
  const socket = path.join(folder, 'engine.sock');
  const way = new Way(socket, (engine.dockerHost ?? 'unix:///var/run/docker.sock').replace('unix://', ''));
  await way.mend();
  const stop = new AbortController();
  const names = namesOf(`events-${randomUUID()}`);
  const { docker } = await connectToEngine(engine.dockerHost);
  const container = await docker.createContainer({
    Image: engine.baseImage,
    Cmd: ['sleep', '600'],
    Labels: names.labels({ [LABEL.project]: '7' }),
    HostConfig: { NetworkMode: 'none', Init: true },
  });
  try {
    const told: RuntimeEvent['kind'][] = [];
    const heard = await connectToEngine(`unix://${socket}`);
    const listening = (async () => {
      for await (const { kind } of containerEvents(heard.docker, names, stop.signal)) told.push(kind);
    })();
    // Until somebody listens nothing is told.
    await vi.waitFor(
      async () => {
        await container.start().catch(() => {});
        if (!told.includes('started')) await container.kill();
        expect(told).toContain('started');
      },
      { timeout: 30_000, interval: 500 },
    );
    told.length = 0;
    way.cut();
    await container.remove({ force: true });
    await way.mend();
    await vi.waitFor(() => expect(told).toEqual(expect.arrayContaining(['exited', 'removed'])), 30_000);
    stop.abort();
    await listening;
  } finally {
    stop.abort();
    way.cut();
    await container.remove({ force: true }).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  }
});
