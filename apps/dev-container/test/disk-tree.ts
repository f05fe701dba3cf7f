import { createHash } from 'node:crypto';
import fs from 'node:fs';

const SLASH = Buffer.from('/');

/**
 * All that a version must keep of a tree, one line an entry: path, kind, mode, mtime (ns), and
 * content or target. Names are shown as latin1, so each byte counts.
 */
export function describeTree(root: string): string[] {
  return describe(Buffer.from(root), '').toSorted();
}

function describe(directory: Buffer, shown: string): string[] {
  return fs.readdirSync(directory, { encoding: 'buffer' }).flatMap((name) => {
    const path = Buffer.concat([directory, SLASH, name]);
    const text = `${shown}/${name.toString('latin1')}`;
    const stat = fs.lstatSync(path, { bigint: true });
    const line = `${JSON.stringify(text)} ${(Number(stat.mode) & 0o7777).toString(8)} ${stat.mtimeNs}`;
    if (stat.isDirectory()) return [`${line} directory`, ...describe(path, text)];
    if (stat.isSymbolicLink()) return [`${line} -> ${fs.readlinkSync(path, 'buffer').toString('latin1')}`];
    if (!stat.isFile()) return [`${line} other`];
    return [`${line} ${createHash('sha256').update(fs.readFileSync(path)).digest('hex')}`];
  });
}
