import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Project } from '@rose/contract';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { vi } from 'vitest';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An orchestrator whose agents are all one program of the test's own. */
export interface HostileHouse extends AsyncDisposable {
  rose: TestOrchestrator;
  ada: Person;
  project: Project;
  /** What the agent answers from now on. */
  answer: Answer;
  /** Address of something at the agent of Ada's project. */
  at(name: string): string;
}

export async function hostileHouse(): Promise<HostileHouse> {
  await using parts = new AsyncDisposableStack();
  const socketPath = path.join(tmpdir(), `rose-hostile-${randomBytes(6).toString('hex')}.sock`);
  const house: Pick<HostileHouse, 'answer'> = { answer: (_request, response) => response.end() };
  const server = createServer((request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    if (request.url === '/healthz') return json(response, { ok: true });
    if (request.url?.startsWith('/snapshot.standing')) return json(response, { result: { data: null } });
    house.answer(request, response);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  parts.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(socketPath, { force: true });
  });
  const rose = parts.use(await testOrchestrator({ config: { runtime: 'process' } }));
  const spy = vi.spyOn(rose.context.runtime, 'connect').mockImplementation(async () => {
    const socket = connect(socketPath);
    await once(socket, 'connect');
    return socket;
  });
  parts.defer(() => spy.mockRestore());
  const ada = await rose.signUp('Ada');
  const project = await ada.rose.projects.create.mutate({ name: 'hostile' });
  const owned = parts.move();
  return Object.assign(house, {
    rose,
    ada,
    project,
    at: (name: string) => `${rose.url}/projects/${project.id}/agent/${name}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
