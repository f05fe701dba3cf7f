import { codeOf } from '@rose/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostileHouse, type HostileHouse } from '../../test/hostile-agent.ts';

let house: HostileHouse;
beforeAll(async () => {
  house = await hostileHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('an agent that is cut off in the middle of its answer is away, and no failure of RoSE’s own', async () => {
  house.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.write('\0');
    setTimeout(() => response.socket?.destroy(), 50);
  };
  const { ada, project } = house;
  expect(await codeOf(ada.rose.versions.save.mutate({ projectId: project.id }))).toBe('AGENT_UNAVAILABLE');
  expect(await codeOf(ada.rose.versions.status.query({ projectId: project.id }))).toBe('AGENT_UNAVAILABLE');
  expect(await codeOf(ada.rose.containers.stop.mutate({ projectId: project.id }))).toBe('AGENT_UNAVAILABLE');
});
