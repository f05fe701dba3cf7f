import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

type Name = string | Buffer;

/** Everything that a copy must keep, one line an entry: kind, mode, time, size, name, content or target. */
export function describeTree(root: string): string[] {
  return [...describe(Buffer.from(root), Buffer.alloc(0))].toSorted();
}

function* describe(directory: Buffer, prefix: Buffer): Generator<string> {
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    const file = Buffer.concat([directory, Buffer.from('/'), name]);
    const relative = Buffer.concat([prefix, name]);
    const stat = lstatSync(file, { bigint: true });
    const mode = (stat.mode & 0o7777n).toString(8);
    const about = `${JSON.stringify(relative.toString('latin1'))} ${mode} ${stat.mtimeNs}`;
    if (stat.isDirectory()) {
      yield `${about} directory`;
      yield* describe(file, Buffer.concat([relative, Buffer.from('/')]));
    } else if (stat.isSymbolicLink()) {
      yield `${about} -> ${readlinkSync(file, { encoding: 'latin1' })}`;
    } else {
      yield `${about} ${stat.size} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    }
  }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Names that are bytes, times with nanoseconds, links to anywhere: what a workspace may hold. */
export function growTree(root: string): void {
  const at = (name: Name): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name as string)]);
  const file = (name: Name, content: string | Buffer, mode = 0o644): void => {
    writeFileSync(at(name), content);
    chmodSync(at(name), mode);
  };
  for (const name of ['.git/refs', 'src/deep/deeper', 'empty', 'closed']) mkdirSync(at(name), { recursive: true });
  file('.git/HEAD', 'ref: refs/heads/main\n');
  file('.hidden', 'dotfile');
  file('zero', '');
  file('run.sh', '#!/bin/sh\necho "ran with $#"\n', 0o755);
  file('setuid', 'x', 0o4711);
  file('secret', 'mine', 0o600);
  file('read-only', 'kept', 0o444);
  file('binary', randomBytes(300_000));
  file('chunks', Buffer.alloc(3 * 1024 * 1024 + 17, 'many chunks '));
  file('src/index.ts', 'export {};\n');
  file('src/deep/deeper/leaf', 'leaf');
  file('new\nline', 'newline');
  file('-rf', 'dash');
  file('back\\slash "quote" \t', 'odd');
  file('naïve 日本 🌹', 'unicode');
  file('n'.repeat(255), 'long');
  file(bytes('caf\xe9'), 'latin1');
  file(bytes('\xff\xfe\x80'), 'not UTF-8');
  mkdirSync(at(bytes('dir\xe9')));
  file(bytes('dir\xe9/in\xe9'), 'below');
  symlinkSync('/etc/hostname', at('absolute'));
  symlinkSync('no/such/target', at('dangling'));
  symlinkSync('src/deep', at('to-directory'));
  symlinkSync('run.sh', at('to-file'));
  symlinkSync('loop', at('loop'));
  symlinkSync(bytes('caf\xe9'), at('to-raw'));
  symlinkSync('../../outside', at('out'));
  chmodSync(at('closed'), 0o700);
  const touch = (time: string, ...names: string[]): void => {
    execFileSync('touch', ['-h', '-d', time, ...names.map((name) => `${root}/${name}`)]);
  };
  touch('2001-02-03 04:05:06.123456789Z', 'absolute', 'dangling', 'src/index.ts');
  touch('1960-01-01 00:00:00.000000001Z', 'zero', 'to-directory');
  touch('2106-02-07 06:28:16.999999999Z', 'run.sh');
  touch('1999-12-31 23:59:59.5Z', 'empty', 'src/deep', 'src', 'closed');
}
