import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJson, FrameParser, LOAD_ANSWER, type LoadOutcome } from '@rose/snapshot';
import { expect, test } from 'vitest';
import { spawnAgent, type AgentProcess } from '../../test/agent-process.ts';
import { describeTree } from '../../test/disk-tree.ts';
import { errorOf, startAgent, type TestAgent } from '../../test/start-agent.ts';
import { Versions, type Saved } from '../../test/versions.ts';

const json = { 'content-type': 'application/json' };
const order = (more: object = {}): string => JSON.stringify({ base: null, full: false, scan: false, ...more });

async function save(
  agent: TestAgent,
  versions: Versions,
  more: { base?: string; scan?: boolean } = {},
): Promise<Saved> {
  const { body } = await agent.call('/-/snapshot.save', {
    method: 'POST',
    role: 'system',
    headers: json,
    body: order(more),
  });
  return versions.receive(body, more);
}

async function load(agent: TestAgent, versions: Versions, target: Saved, loadId?: string): Promise<LoadOutcome> {
  const live = await save(agent, versions, { scan: true });
  const { body } = await agent.call('/-/snapshot.load', {
    method: 'POST',
    role: 'system',
    body: versions.loadFrames(live, target, loadId),
  });
  return outcomeOf(body);
}

function outcomeOf(body: Buffer): LoadOutcome {
  for (const { type, payload } of new FrameParser().push(body)) {
    if (type === LOAD_ANSWER.result) return decodeJson(payload) as LoadOutcome;
    if (type === LOAD_ANSWER.error) throw new Error(payload.toString());
  }
  throw new Error('The load broke off.');
}

function fill(workspace: string, word: string, files = 400): void {
  fs.rmSync(workspace, { recursive: true });
  for (let index = 0; index < files; index += 1) {
    const directory = path.join(workspace, `d${index % 10}`);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, `f${index}`), `${word} ${index} `.repeat(300));
  }
}

/** A request that the test reads and ends as it likes. */
function open(agent: TestAgent, name: string): { asked: ClientRequest; answered: Promise<IncomingMessage> } {
  const asked = agent.open(`/-/${name}`, {
    method: 'POST',
    role: 'system',
    headers: name === 'snapshot.save' ? json : {},
  });
  asked.on('error', () => {});
  const answered = once(asked, 'response').then(([response]) => {
    (response as IncomingMessage).on('error', () => {});
    return response as IncomingMessage;
  });
  answered.catch(() => {});
  return { asked, answered };
}

test.each(['viewer', 'editor'] as const)('a %s may neither save nor load nor ask how a load ended', async (role) => {
  await using agent = await startAgent();
  for (const name of ['snapshot.save', 'snapshot.load']) {
    expect(
      errorOf(await agent.call(`/-/${name}`, { method: 'POST', role, headers: json, body: order() })),
    ).toMatchObject({ code: 'FORBIDDEN' });
  }
  await expect(agent.query('snapshot.standing', undefined, role)).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('a save whose reader leaves ends, and the next one is whole', async () => {
  await using agent = await startAgent();
  const versions = new Versions();
  for (let index = 0; index < 60; index += 1)
    fs.writeFileSync(path.join(agent.workspace, `f${index}`), Buffer.alloc(900_000, `${index} ${Math.random()}`));
  for (let round = 0; round < 3; round += 1) {
    const { asked, answered } = open(agent, 'snapshot.save');
    asked.end(order());
    const response = await answered;
    await once(response, 'data');
    response.destroy();
    expect(versions.paths((await save(agent, versions)).root)).toHaveLength(60);
  }
});

test('saves at the same time wait for each other, and each is whole', async () => {
  await using agent = await startAgent();
  fill(agent.workspace, 'same');
  const saved = await Promise.all([1, 2, 3, 4].map(() => save(agent, new Versions())));
  expect(new Set(saved.map(({ root }) => root)).size).toBe(1);
});

test('a load whose sender breaks off touches nothing, wherever it breaks off', async () => {
  await using agent = await startAgent();
  const versions = new Versions();
  fill(agent.workspace, 'one');
  const one = await save(agent, versions);
  fill(agent.workspace, 'two');
  const before = describeTree(agent.workspace);
  for (const part of [0.1, 0.5, 0.99, 0.9999]) {
    const frames = versions.loadFrames(await save(agent, versions, { scan: true }), one);
    const { asked } = open(agent, 'snapshot.load');
    await new Promise((resolve) => asked.write(frames.subarray(0, Math.floor(frames.length * part)), resolve));
    asked.destroy();
    await expect.poll(async () => (await agent.query('snapshot.standing', undefined, 'system')) === null).toBe(true);
    expect(describeTree(agent.workspace)).toEqual(before);
  }
  // Ended properly, but before its last frame.
  const frames = versions.loadFrames(await save(agent, versions, { scan: true }), one);
  const { body } = await agent.call('/-/snapshot.load', {
    method: 'POST',
    role: 'system',
    body: frames.subarray(0, -5),
  });
  expect(() => outcomeOf(body)).toThrow();
  expect(describeTree(agent.workspace)).toEqual(before);
  expect((await load(agent, versions, one)).conflicts).toEqual([]);
  expect((await save(agent, versions)).root).toBe(one.root);
});

test('a load whose reader leaves is finished all the same, told by its id, and in nobody’s way', async () => {
  await using agent = await startAgent();
  const versions = new Versions();
  fill(agent.workspace, 'one', 1000);
  const one = await save(agent, versions);
  fill(agent.workspace, 'two', 1000);
  const frames = versions.loadFrames(await save(agent, versions, { scan: true }), one, 'the load');
  const { asked, answered } = open(agent, 'snapshot.load');
  asked.end(frames);
  const response = await answered;
  await once(response, 'data');
  response.destroy();
  expect(await agent.query('snapshot.standing', undefined, 'system')).toMatchObject({
    loadId: 'the load',
    outcome: { conflicts: [] },
  });
  expect((await save(agent, versions)).root).toBe(one.root);
});

test('a load with damaged bytes says so and touches nothing', async () => {
  await using agent = await startAgent();
  const versions = new Versions();
  fill(agent.workspace, 'one', 20);
  const one = await save(agent, versions);
  fill(agent.workspace, 'two', 20);
  const before = describeTree(agent.workspace);
  const frames = Buffer.from(versions.loadFrames(await save(agent, versions, { scan: true }), one));
  frames[frames.lastIndexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) + 12]! ^= 0xff;
  const { body } = await agent.call('/-/snapshot.load', { method: 'POST', role: 'system', body: frames });
  expect(() => outcomeOf(body)).toThrow('DAMAGED');
  expect(describeTree(agent.workspace)).toEqual(before);
});

test('what still comes of a load after its damaged bytes is thrown away, and the next load is whole', async () => {
  await using agent = await startAgent();
  const versions = new Versions();
  fs.mkdirSync(path.join(agent.workspace, 'large'), { recursive: true });
  for (let index = 0; index < 40; index += 1) {
    fs.writeFileSync(path.join(agent.workspace, `large/f${index}`), randomBytes(100_000));
  }
  const one = await save(agent, versions);
  const wanted = describeTree(agent.workspace);
  fill(agent.workspace, 'two', 20);
  const frames = Buffer.from(versions.loadFrames(await save(agent, versions, { scan: true }), one));
  frames[frames.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) + 500]! ^= 0xff;
  const { body } = await agent.call('/-/snapshot.load', { method: 'POST', role: 'system', body: frames });
  expect(() => outcomeOf(body)).toThrow('DAMAGED');
  await load(agent, versions, one);
  expect(describeTree(agent.workspace)).toEqual(wanted);
});

test('an agent that is killed at any moment of a load finishes or undoes it when it starts again', async () => {
  const home = fs.mkdtempSync(path.join(tmpdir(), 'rose-killed-'));
  const workspace = path.join(home, 'workspace');
  const versions = new Versions();
  const states: { saved: Saved; tree: string[] }[] = [];
  try {
    fs.mkdirSync(workspace);
    for (const word of ['one', 'two']) {
      fill(workspace, word, 300);
      states.push({ saved: await saveOf(home, versions), tree: describeTree(workspace) });
    }
    let [next, now] = states as [(typeof states)[0], (typeof states)[0]];
    for (let round = 0; round < 6; round += 1) {
      await killLoad(home, versions, next.saved, round * 40);
      await saveOf(home, versions);
      const tree = describeTree(workspace);
      if (tree.join() === next.tree.join()) [now, next] = [next, now];
      expect(tree).toEqual(now.tree);
    }
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}, 120_000);

async function killLoad(home: string, versions: Versions, target: Saved, afterMs: number): Promise<void> {
  await using agent = await spawnAgent(home);
  const live = versions.receive(await bytesOf(agent, 'snapshot.save', Buffer.from(order({ scan: true }))), {
    scan: true,
  });
  const loading = agent.call('/-/snapshot.load', { method: 'POST', body: versions.loadFrames(live, target) });
  await sleep(afterMs);
  agent.process.kill('SIGKILL');
  await loading;
}

/** A save by an agent of its own, which recovers first. */
async function saveOf(home: string, versions: Versions): Promise<Saved> {
  await using agent = await spawnAgent(home);
  return versions.receive(await bytesOf(agent, 'snapshot.save', Buffer.from(order())));
}

async function bytesOf(agent: AgentProcess, name: string, body: Buffer): Promise<Buffer> {
  const answer = await agent.call(`/-/${name}`, { method: 'POST', body });
  if (answer === null) throw new Error(`The agent did not answer ${name}.`);
  return answer.bytes;
}
