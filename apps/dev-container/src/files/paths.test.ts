import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorOf, startAgent } from '../../test/start-agent.ts';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();
const { at, disk } = bench;
const sha = (text: string | Buffer): string => hash('sha256', text);

test('deleting, renaming and looking at a link never touch what it points to', async () => {
  mkdirSync(disk('target'));
  writeFileSync(disk('target/f'), 'kept');
  symlinkSync('target', disk('link'));
  await bench.agent.mutate('files.rename', { from: at('link'), to: at('moved') });
  expect(readlinkSync(disk('moved'))).toBe('target');
  await bench.agent.mutate('files.delete', { path: at('moved'), recursive: true });
  mkdirSync(disk('tree'));
  symlinkSync(disk('target'), disk('tree/link'));
  await bench.agent.mutate('files.delete', { path: at('tree'), recursive: true });
  await expect.poll(() => readdirSync(join(bench.agent.home, '.rose/trash'))).toEqual([]);
  expect(readFileSync(disk('target/f'), 'utf8')).toBe('kept');
});

test('a read follows a link that stays inside, however it is written', async () => {
  mkdirSync(disk('d/e'), { recursive: true });
  writeFileSync(disk('f'), 'inside');
  symlinkSync('../../f', disk('d/e/up'));
  symlinkSync('d/e/up', disk('chain'));
  symlinkSync(disk('f'), disk('spelled out'));
  for (const path of ['d/e/up', 'chain', 'spelled out']) {
    expect(await bench.agent.query('files.read', { path: at(path) })).toMatchObject({
      content: 'inside',
      path: at('f'),
    });
  }
  await bench.agent.mutate('files.write', { path: at('chain'), content: 'changed', expectedHash: sha('inside') });
  expect(readFileSync(disk('f'), 'utf8')).toBe('changed');
  expect(lstatSync(disk('chain')).isSymbolicLink()).toBe(true);
});

test('a link that leads out, in circles or through the middle of a path is refused by name', async () => {
  writeFileSync(join(bench.agent.home, 'secret'), 'secret');
  symlinkSync('../../secret', disk('out'));
  symlinkSync('/etc/passwd', disk('absolute'));
  symlinkSync('..', disk('parent'));
  symlinkSync('round', disk('round'));
  for (const path of ['out', 'absolute']) {
    const read = bench.agent.query('files.read', { path: at(path) });
    await expect(read).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining(path) });
    await expect(bench.agent.mutate('files.write', { path: at(path), content: 'x' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  }
  await expect(bench.agent.query('files.read', { path: at('round') })).rejects.toMatchObject({ code: 'CONFLICT' });
  const through = [
    bench.agent.query('files.read', { path: at(`parent/${at('')}/f`) }),
    bench.agent.query('files.list', { path: at('parent') }),
    bench.agent.query('files.stat', { path: at('parent/x') }),
    bench.agent.mutate('files.write', { path: at('parent/x'), content: 'x' }),
    bench.agent.mutate('files.mkdir', { path: at('parent/x'), recursive: true }),
    bench.agent.mutate('files.rename', { from: at('out'), to: at('parent/x') }),
    bench.agent.mutate('files.delete', { path: at('parent/x') }),
  ];
  for (const call of through) {
    await expect(call).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`"${at('parent')}" is a symbolic link to ".."`),
    });
  }
  expect(readFileSync(join(bench.agent.home, 'secret'), 'utf8')).toBe('secret');
});

test('no path leaves the workspace', async () => {
  for (const path of ['..', '../x', 'a/../../x', '/etc/passwd', 'a\0b', `${'../'.repeat(40)}etc/passwd`]) {
    await expect(bench.agent.query('files.read', { path })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(bench.agent.mutate('files.write', { path, content: 'x' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    const streamed = await bench.agent.call(`/-/files.read?path=${encodeURIComponent(path)}`);
    expect(errorOf(streamed)).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  }
  const long = await bench.agent.query('files.stat', { path: at('n'.repeat(256)) }).catch((error: unknown) => error);
  expect(long).toMatchObject({ code: 'INVALID_INPUT' });
});

test('a FIFO, a socket or a directory in place of a file is refused at once', async () => {
  execFileSync('mkfifo', [disk('fifo')]);
  mkdirSync(disk('dir'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(disk('sock'), resolve));
  for (const path of ['fifo', 'sock', 'dir']) {
    await expect(bench.agent.query('files.read', { path: at(path) })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(bench.agent.mutate('files.write', { path: at(path), content: 'x' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(errorOf(await bench.agent.call(`/-/files.read?path=${at(path)}`))).toMatchObject({ code: 'CONFLICT' });
  }
  await new Promise((resolve) => server.close(resolve));
});

test('a workspace that was replaced by a link is used no more', async () => {
  await using other = await startAgent();
  execFileSync('sh', ['-c', 'rm -rf workspace && ln -s / workspace'], { cwd: other.home });
  await expect(other.query('files.list', {})).rejects.toMatchObject({ code: 'NEEDS_ATTENTION' });
  await expect(other.query('files.read', { path: 'etc/passwd' })).rejects.toMatchObject({ code: 'NEEDS_ATTENTION' });
});

test('a container whose own directories were spoiled starts, and says what is wrong', async () => {
  const home = mkdtempSync(join(tmpdir(), 'rose-agent-'));
  writeFileSync(join(home, 'workspace'), 'a file');
  symlinkSync('/etc', join(home, '.rose'));
  {
    await using spoiled = await startAgent({ home });
    await expect(spoiled.query('files.list', {})).rejects.toMatchObject({ code: 'NEEDS_ATTENTION' });
    rmSync(join(home, 'workspace'));
    mkdirSync(join(home, 'workspace'));
    rmSync(join(home, '.rose'), { recursive: true });
    await spoiled.mutate('files.write', { path: 'f', content: 'x' });
    expect(readFileSync(join(home, 'workspace/f'), 'utf8')).toBe('x');
  }
  expect(existsSync('/etc/incoming')).toBe(false);
});

test('what a killed agent was writing or removing goes at the next start', async () => {
  const home = mkdtempSync(join(tmpdir(), 'rose-agent-'));
  for (const path of ['incoming', 'trash/d/e', 'archive/x/tree'])
    mkdirSync(join(home, '.rose', path), { recursive: true });
  writeFileSync(join(home, '.rose/incoming/half'), 'half');
  await using agent = await startAgent({ home });
  for (const room of ['incoming', 'trash', 'archive']) {
    await expect.poll(() => readdirSync(join(agent.home, '.rose', room))).toEqual([]);
  }
});
