import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeFrame, encodeJsonFrame, FrameError, FrameParser } from '../frames.ts';
import { TREE_FRAME, type StreamedEntry, type StreamTotals } from '../streams.ts';
import { close, DiskError, openRoot } from './libc.ts';
import { readTree } from './tree-reader.ts';
import { ObstructedError, TreeWriter } from './tree-writer.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'rose-tree-'));
  for (const name of ['from', 'to', 'stage', 'outside']) fs.mkdirSync(path.join(folder, name));
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwX', folder]);
  fs.rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => path.join(folder, name);

function streamOf(name: string): { bytes: Buffer; totals: StreamTotals } {
  const root = openRoot(at(name));
  try {
    const pieces: Buffer[] = [];
    const reading = readTree(root);
    for (;;) {
      const next = reading.next();
      if (next.done) return { bytes: Buffer.concat(pieces), totals: next.value };
      pieces.push(next.value);
    }
  } finally {
    close(root);
  }
}

function write(bytes: Buffer, options: { delete?: boolean } = {}): StreamTotals | null {
  const [root, stage] = [openRoot(at('to')), openRoot(at('stage'))];
  try {
    using writer = new TreeWriter({ root, stage, delete: options.delete ?? false });
    for (const frame of new FrameParser().push(bytes)) writer.push(frame);
    return writer.totals;
  } finally {
    close(root);
    close(stage);
    expect(fs.readdirSync(at('stage'))).toEqual([]);
  }
}

function describe(name: string): string {
  const found = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %T@ %l\\0'], {
    cwd: at(name),
    encoding: 'latin1',
  });
  const sums = execFileSync('sh', ['-c', 'find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z'], {
    cwd: at(name),
    encoding: 'latin1',
  });
  return found.split('\0').toSorted().join('\n') + sums;
}

const NASTY = String.raw`
mkdir -p deep/er/est empty closed
printf 'x' > $'new\nline'; printf 'y' > $'\xff\xfe'; printf '' > nothing; head -c 900000 /dev/urandom > large
ln -s /etc/passwd absolute; ln -s nowhere dangling; ln -s deep directory; ln -s $'\xff' raw
echo x > deep/er/est/f; echo c > closed/f; chmod 4755 large; chmod 444 closed/f; chmod 500 closed
touch -h -d '1960-01-01 00:00:00.123456789' dangling deep/er; touch -d '2037-01-01' empty`;

test('a tree comes out as it went in: names, bytes, modes, times, links, empty directories', () => {
  execFileSync('bash', ['-ec', NASTY], { cwd: at('from') });
  const { bytes, totals } = streamOf('from');
  expect(totals).toMatchObject({ files: 6, skipped: [] });
  expect(write(bytes)).toEqual(totals);
  expect(describe('to')).toBe(describe('from'));
  // A second time, over itself: closed directories open up and close again.
  write(streamOf('from').bytes);
  expect(describe('to')).toBe(describe('from'));
});

test('what is in the way is replaced where that loses nothing but itself; a full directory stays', () => {
  execFileSync('sh', ['-ec', 'echo f > file; mkdir directory; ln -s x link'], { cwd: at('from') });
  execFileSync('sh', ['-ec', 'ln -s ../outside file; echo old > directory; echo old > link'], { cwd: at('to') });
  write(streamOf('from').bytes);
  expect(describe('to')).toBe(describe('from'));
  expect(fs.readdirSync(at('outside'))).toEqual([]);

  fs.rmSync(at('to/file'));
  fs.mkdirSync(at('to/file'));
  fs.writeFileSync(at('to/file/kept'), 'kept');
  expect(() => write(streamOf('from').bytes)).toThrow(ObstructedError);
  expect(fs.readFileSync(at('to/file/kept'), 'utf8')).toBe('kept');
  write(streamOf('from').bytes, { delete: true });
  expect(describe('to')).toBe(describe('from'));
});

test('without delete all else stays; with it all else goes, in the directories of the stream alone', () => {
  execFileSync('sh', ['-ec', 'mkdir -p d/e; echo 1 > d/f'], { cwd: at('from') });
  execFileSync(
    'sh',
    [
      '-ec',
      'mkdir -p d/e d/other/full; echo x > d/other/full/f; echo x > d/e/x; echo x > top; ln -s ../outside d/link',
    ],
    { cwd: at('to') },
  );
  fs.writeFileSync(at('outside/kept'), 'kept');
  write(streamOf('from').bytes);
  expect(fs.readdirSync(at('to')).toSorted()).toEqual(['d', 'top']);
  expect(fs.readdirSync(at('to/d')).toSorted()).toEqual(['e', 'f', 'link', 'other']);
  write(streamOf('from').bytes, { delete: true });
  expect(describe('to')).toBe(describe('from'));
  expect(fs.readdirSync(at('outside'))).toEqual(['kept']);
});

test('what the sender has but cannot send is named, and survives a delete', () => {
  execFileSync('sh', ['-ec', 'mkfifo fifo; echo x > f'], { cwd: at('from') });
  execFileSync('sh', ['-ec', 'echo mine > fifo; echo mine > other'], { cwd: at('to') });
  const { bytes, totals } = streamOf('from');
  expect(totals.skipped.map(({ path: skipped }) => skipped)).toEqual(['fifo']);
  write(bytes, { delete: true });
  expect(fs.readdirSync(at('to')).toSorted()).toEqual(['f', 'fifo']);
});

test('a stream that ends anywhere leaves whole files and nothing half, and no stream without its end is whole', () => {
  execFileSync('sh', ['-ec', 'mkdir d; for i in 1 2 3 4; do head -c 50000 /dev/zero | tr "\\0" $i > d/$i; done'], {
    cwd: at('from'),
  });
  const { bytes } = streamOf('from');
  for (let length = 0; length < bytes.length; length += 7919) {
    fs.rmSync(at('to/d'), { recursive: true, force: true });
    expect(write(bytes.subarray(0, length))).toBe(null);
    if (!fs.existsSync(at('to/d'))) continue;
    for (const name of fs.readdirSync(at('to/d')))
      expect(fs.readFileSync(at(`to/d/${name}`), 'utf8')).toBe(name.repeat(50_000));
  }
});

const attributes = { mode: 0o644, mtimeNs: '0' };
const root = encodeJsonFrame(TREE_FRAME.entry, { path: '', kind: 'directory', ...attributes });
const entry = (more: Partial<StreamedEntry> & { path: string }): Buffer =>
  encodeJsonFrame(TREE_FRAME.entry, { kind: 'file', size: 1, ...attributes, ...more });
const file = (name: string): Buffer =>
  Buffer.concat([
    entry({ path: name }),
    encodeFrame(TREE_FRAME.data, Buffer.from('x')),
    encodeFrame(TREE_FRAME.fileEnd),
  ]);

test.each(['../outside/f', '/etc/rose', 'a/../../f', '.', 'a//b', 'a\0b', 'n'.repeat(256)])(
  'the path %.20j leads nowhere',
  (name) => {
    fs.mkdirSync(at('to/a'));
    expect(() => write(Buffer.concat([root, file(name)]))).toThrow();
    expect(fs.readdirSync(at('outside'))).toEqual([]);
  },
);

test('a link that the stream brings, or that lies there, is no way out', () => {
  const link = encodeJsonFrame(TREE_FRAME.entry, { path: 'd', kind: 'symlink', target: '../outside', ...attributes });
  expect(() => write(Buffer.concat([root, link, file('d/f')]))).toThrow(DiskError);
  const directory = entry({ path: 'd', kind: 'directory' } as never);
  write(
    Buffer.concat([root, directory, file('d/f'), encodeJsonFrame(TREE_FRAME.end, { files: 1, bytes: 1, skipped: [] })]),
  );
  expect(fs.lstatSync(at('to/d')).isDirectory()).toBe(true);
  expect(fs.readdirSync(at('outside'))).toEqual([]);
});

test.each([
  ['data outside of a file', Buffer.concat([root, encodeFrame(TREE_FRAME.data, Buffer.from('x'))])],
  ['the end of a file that was not begun', Buffer.concat([root, encodeFrame(TREE_FRAME.fileEnd)])],
  ['an entry inside of a file', Buffer.concat([root, entry({ path: 'f' }), entry({ path: 'g' })])],
  [
    'its end inside of a file',
    Buffer.concat([root, entry({ path: 'f' }), encodeJsonFrame(TREE_FRAME.end, { files: 0, bytes: 0, skipped: [] })]),
  ],
  ['a frame of an unknown type', encodeFrame(77)],
  ['an entry that is no JSON', encodeFrame(TREE_FRAME.entry, Buffer.from('{'))],
])('a stream with %s is refused', (_what, bytes) => {
  expect(() => write(bytes)).toThrow(FrameError);
});
