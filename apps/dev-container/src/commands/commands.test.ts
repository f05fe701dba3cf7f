import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFrame, encodeJsonFrame } from '@rose/snapshot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CalledCommand, shell } from '../../test/run-command.ts';
import { errorOf, startAgent, type TestAgent } from '../../test/start-agent.ts';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

const DONE = { code: 0, signal: null, timedOut: false };

/** Whether a process is there and no zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function pidsOf(command: CalledCommand, count: number): Promise<number[]> {
  await expect.poll(() => command.stdout.split('\n').length - 1).toBeGreaterThanOrEqual(count);
  return command.stdout.trim().split('\n').map(Number);
}

test('a command runs without a shell and tells both outputs and its exit code', async () => {
  const echo = new CalledCommand(agent, { argv: ['printf', '%s|', 'a b', '$HOME', '*', ''] });
  expect(await echo.exit).toEqual(DONE);
  expect(echo.stdout).toBe('a b|$HOME|*||');
  const failed = shell(agent, 'echo out; echo err >&2; exit 7');
  expect(await failed.exit).toEqual({ code: 7, signal: null, timedOut: false });
  expect([failed.stdout, failed.stderr]).toEqual(['out\n', 'err\n']);
});

test('a command runs in the workspace or a directory of it, nowhere else', async () => {
  mkdirSync(join(agent.workspace, 'sub dir'));
  const inRoot = shell(agent, 'pwd; echo "$PWD"');
  await inRoot.exit;
  expect(inRoot.stdout).toBe(`${agent.workspace}\n${agent.workspace}\n`);
  const inSub = shell(agent, 'pwd', { cwd: 'sub dir' });
  await inSub.exit;
  expect(inSub.stdout).toBe(`${agent.workspace}/sub dir\n`);
  symlinkSync('/', join(agent.workspace, 'out'));
  expect(await shell(agent, 'pwd', { cwd: '..' }).exit).toMatchObject({ code: 'INVALID_INPUT' });
  expect(await shell(agent, 'pwd', { cwd: 'out' }).exit).toMatchObject({ code: 'CONFLICT' });
  expect(await shell(agent, 'pwd', { cwd: 'nowhere' }).exit).toMatchObject({ code: 'NOT_FOUND' });
});

test('the environment is the container’s and the caller’s, without the agent’s secrets', async () => {
  const command = new CalledCommand(agent, { argv: ['env'], env: { ADDED: 'a=b\nc', LANG: 'de_DE.UTF-8' } });
  await command.exit;
  const lines = command.stdout.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([`HOME=${agent.home}`, 'USER=dev', 'FROM_CONTAINER=yes', 'ADDED=a=b', 'c']),
  );
  expect(lines).toContain('LANG=de_DE.UTF-8');
  expect(command.stdout).not.toMatch(/ROSE_|VITEST|PROXY/i);
});

test('where the way out is the proxy, commands are told so', async () => {
  await using fenced = await startAgent({ egressSocket: join(agent.home, 'egress.sock') });
  const command = new CalledCommand(fenced, { argv: ['env'] });
  await command.exit;
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) {
    expect(command.stdout).toContain(`${name}=http://127.0.0.1:3128\n`);
  }
  expect(command.stdout).toContain('NO_PROXY=localhost,127.0.0.1,::1\n');
  expect(command.stdout).toContain('NODE_USE_ENV_PROXY=1\n');
});

test('what is not found ends with 127, what cannot be run with 126', async () => {
  const none = { signal: null, timedOut: false };
  expect(await new CalledCommand(agent, { argv: ['no-such-program'] }).exit).toEqual({
    ...none,
    code: 127,
    failure: 'not-found',
  });
  expect(await new CalledCommand(agent, { argv: ['./nowhere/x'] }).exit).toEqual({
    ...none,
    code: 127,
    failure: 'not-found',
  });
  writeFileSync(join(agent.workspace, 'plain'), 'text');
  expect(await new CalledCommand(agent, { argv: ['./plain'] }).exit).toEqual({
    ...none,
    code: 126,
    failure: 'not-executable',
  });
});

test('stdin is passed on and ends when the caller ends it', async () => {
  const command = new CalledCommand(agent, { argv: ['cat'], stdin: true });
  command.write('one ');
  await command.started;
  command.write('two');
  command.endInput();
  expect(await command.exit).toEqual(DONE);
  expect(command.stdout).toBe('one two');
  const ended = new CalledCommand(agent, { argv: ['cat'], stdin: true });
  ended.write('half closed');
  ended.request.end();
  expect(await ended.exit).toEqual(DONE);
  expect(ended.stdout).toBe('half closed');
});

test('without stdin a command reads nothing', async () => {
  const command = new CalledCommand(agent, { argv: ['cat'] });
  expect(await command.exit).toEqual(DONE);
});

test('a script may open /dev/stdin, /dev/stdout and /dev/stderr', async () => {
  const command = shell(agent, 'cat /dev/stdin > /dev/stdout; echo err > /dev/stderr', { stdin: true });
  command.write('in');
  command.endInput();
  expect(await command.exit).toEqual(DONE);
  expect([command.stdout, command.stderr]).toEqual(['in', 'err\n']);
});

test('all bytes of a large output arrive, and of a large input', async () => {
  const size = 20 * 1024 * 1024;
  const command = shell(agent, `head -c ${size} /dev/zero; wc -c >&2`, { stdin: true });
  const block = Buffer.alloc(256 * 1024);
  for (let sent = 0; sent < size; sent += block.length) {
    if (!command.write(block)) await new Promise((resolve) => command.request.once('drain', resolve));
  }
  command.endInput();
  expect(await command.exit).toEqual(DONE);
  expect(command.stdout.length).toBe(size);
  expect(command.stderr.trim()).toBe(String(size));
});

test('a command that does not read its stdin holds the caller back, and may end all the same', async () => {
  const command = shell(agent, 'sleep 1', { stdin: true });
  const block = Buffer.alloc(1024 * 1024);
  let taken = 0;
  while (taken < 100 && command.write(block)) taken += 1;
  for (let blocked = false; !blocked && taken < 100; taken += 1) {
    const drained = await Promise.race([
      new Promise<boolean>((resolve) => command.request.once('drain', () => resolve(true))),
      command.exit.then(() => false),
    ]);
    blocked = !drained;
    command.write(block);
  }
  expect(taken).toBeLessThan(20);
  expect(await command.exit).toEqual(DONE);
});

test('a caller who does not read holds the command back', async () => {
  const line = 'echo $$ > pid; i=0; while :; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > blocks; done';
  const request = agent.open('/-/commands.run', { method: 'POST' });
  request.on('error', () => {});
  request.on('response', () => {});
  request.write(encodeJsonFrame(1, { argv: ['sh', '-c', line] }));
  const blocks = (): number => Number(readFileSync(join(agent.workspace, 'blocks'), 'utf8'));
  await expect.poll(() => existsSync(join(agent.workspace, 'blocks'))).toBe(true);
  let last = -1;
  await expect.poll(() => last === (last = blocks()), { interval: 500, timeout: 20_000 }).toBe(true);
  expect(last * 65_536).toBeLessThan(8 * 1024 * 1024);
  request.destroy();
  const pid = Number(readFileSync(join(agent.workspace, 'pid'), 'utf8'));
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
});

test('a signal reaches the whole group', async () => {
  const command = shell(agent, 'trap "echo got; exit 3" INT; echo ready; while :; do sleep 0.1; done', { stdin: true });
  await expect.poll(() => command.stdout).toBe('ready\n');
  command.signal('SIGINT');
  expect(await command.exit).toEqual({ code: 3, signal: null, timedOut: false });
  const killed = shell(agent, 'sleep 1000');
  await killed.started;
  killed.signal('SIGKILL');
  expect(await killed.exit).toEqual({ code: null, signal: 'SIGKILL', timedOut: false });
});

test('a command over its time limit goes, with a group that ignores SIGTERM', async () => {
  const command = shell(agent, 'trap "" TERM; echo $$; sleep 1000 & echo $!; wait; sleep 1000', {
    timeLimitSeconds: 0.3,
  });
  const pids = await pidsOf(command, 2);
  expect(await command.exit).toEqual({ code: null, signal: 'SIGKILL', timedOut: true });
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
});

test('what a command leaves in the background goes with its end', async () => {
  const command = shell(agent, 'sleep 1000 & echo $!');
  expect(await command.exit).toEqual(DONE);
  const [pid] = await pidsOf(command, 1);
  await expect.poll(() => isAlive(pid!)).toBe(false);
});

test('a daemon that left the group and holds the output open does not hold up the end', async () => {
  const command = shell(agent, 'setsid sh -c "echo \\$\\$; exec sleep 1000" & sleep 0.3');
  expect(await command.exit).toEqual(DONE);
  const [pid] = await pidsOf(command, 1);
  process.kill(pid!, 'SIGKILL');
});

test('when the caller leaves, the whole group goes', async () => {
  const command = shell(agent, 'trap "" TERM HUP; echo $$; sh -c "echo \\$\\$; sleep 1000" & sleep 1000');
  const pids = await pidsOf(command, 2);
  command.request.destroy();
  await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  await expect.poll(async () => (await agent.query('commands.list')).length).toBe(0);
});

test('when the agent stops, its commands go and their callers hear how they ended', async () => {
  const other = await startAgent();
  const command = shell(other, 'echo $$; sleep 1000');
  const [pid] = await pidsOf(command, 1);
  await other[Symbol.asyncDispose]();
  expect(isAlive(pid!)).toBe(false);
  expect(await command.exit).toEqual({ code: null, signal: 'SIGTERM', timedOut: false });
});

test('running commands are listed and can be killed', async () => {
  const command = shell(agent, 'sleep 1000');
  const id = await command.started;
  expect(await agent.query('commands.list')).toEqual([
    { id, argv: ['sh', '-c', 'sleep 1000'], startedAt: expect.any(String) },
  ]);
  await expect(agent.mutate('commands.kill', { id }, 'viewer')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await agent.mutate('commands.kill', { id });
  expect(await command.exit).toMatchObject({ signal: 'SIGTERM' });
  await expect(agent.mutate('commands.kill', { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(agent.mutate('commands.kill', { id, signal: 'SIGNOTHING' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});

test('what is no command is refused before the first byte', async () => {
  const bodies = [
    encodeJsonFrame(1, { argv: [] }),
    encodeJsonFrame(1, { argv: ['a\0b'] }),
    encodeJsonFrame(1, { argv: ['true'], shell: true }),
    encodeFrame(1, Buffer.from('{')),
    encodeFrame(2, Buffer.from('x')),
    Buffer.from([1, 255, 255, 255, 255]),
    Buffer.from([1, 9]),
    Buffer.alloc(0),
  ];
  for (const body of bodies) {
    const answer = await agent.call('/-/commands.run', { method: 'POST', body });
    expect(errorOf(answer)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  }
  const viewer = await agent.call('/-/commands.run', { method: 'POST', role: 'viewer', body: bodies[0]! });
  expect(errorOf(viewer).status).toBe(403);
});

test('a frame that breaks the rules ends the command with an error', async () => {
  const command = shell(agent, 'echo $$; sleep 1000');
  const [pid] = await pidsOf(command, 1);
  command.send(encodeFrame(9, Buffer.from('?')));
  expect(await command.exit).toMatchObject({ code: 'INVALID_INPUT' });
  expect(isAlive(pid!)).toBe(false);
});

test('arguments that are longer than the system allows are refused', async () => {
  const command = new CalledCommand(agent, { argv: ['true', 'x'.repeat(300_000)] });
  expect(await command.exit).toMatchObject({ code: 'INVALID_INPUT' });
});

test('no descriptor of the agent reaches a command', async () => {
  const command = shell(agent, 'ls -l /proc/self/fd', { stdin: true });
  command.endInput();
  await command.exit;
  const targets = command.stdout.split('\n').filter((line) => line.includes('->'));
  expect(targets.filter((line) => !/pipe:|\/proc\/\d+\/fd$/.test(line))).toEqual([]);
});
