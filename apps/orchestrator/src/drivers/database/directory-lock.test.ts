import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { lockDirectory } from './directory-lock.ts';

// Between processes, and after a kill: embedded/ownership.test.ts.
test('a directory is made, locked once, and free again when the lock is disposed', () => {
  using parent = mkdtempDisposableSync(path.join(tmpdir(), 'rose-lock-'));
  const directory = path.join(parent.path, 'data');
  {
    using _ = lockDirectory(directory);
    expect(readFileSync(path.join(directory, 'lock'), 'utf8')).toBe(`${process.pid}\n`);
    expect(() => lockDirectory(directory)).toThrow(`Another RoSE (process ${process.pid}) uses the data directory`);
  }
  using _ = lockDirectory(directory);
});
