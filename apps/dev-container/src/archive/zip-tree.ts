import { joinRaw, parentOf, splitRaw, type Raw } from '@rose/snapshot';
import type { ZipEntry } from './zip-entry.ts';
import { refuseEntry } from './zip-refusal.ts';

const MAX_LINKS = 40;

/** The entries of a zip as the tree that they make together. */
export class ZipTree {
  readonly #entries = new Map<Raw, ZipEntry>();
  readonly #yauzlNames = new Set<string>();
  readonly #implied = new Set<Raw>();

  /** @throws RoseError ARCHIVE_REFUSED for the second entry of a name */
  add(entry: ZipEntry): void {
    const yauzlName = entry.yauzlName.replace(/\/$/, '');
    if (this.#entries.has(entry.path) || this.#yauzlNames.has(yauzlName))
      throw refuseEntry(entry.path, 'is there twice');
    this.#entries.set(entry.path, entry);
    this.#yauzlNames.add(yauzlName);
    for (let { directory } = parentOf(entry.path); directory !== ''; directory = parentOf(directory).directory) {
      if (this.#implied.has(directory)) break;
      this.#implied.add(directory);
    }
  }

  /** Entries so far. */
  get count(): number {
    return this.#entries.size;
  }

  /** Entries and the directories that they imply. */
  get size(): number {
    let count = this.#entries.size;
    for (const directory of this.#implied) if (!this.#entries.has(directory)) count += 1;
    return count;
  }

  /** Sorted by path. */
  sorted(): ZipEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** @throws RoseError ARCHIVE_REFUSED for content below what is no directory */
  checkParents(): void {
    for (const directory of this.#implied) {
      const kind = this.#entries.get(directory)?.kind ?? 'directory';
      if (kind !== 'directory') throw refuseEntry(directory, `is both a ${kind} and a directory`);
    }
  }

  /**
   * Follows a link through the other links of the zip as the kernel would.
   * @throws RoseError ARCHIVE_REFUSED for a target that is absolute or comes out of the tree
   */
  checkLink(entry: ZipEntry): void {
    if (entry.target === '' || entry.target.includes('\0'))
      throw refuseEntry(entry.path, 'is a symbolic link to nothing');
    const reached = splitRaw(parentOf(entry.path).directory);
    let pending = entry.target.split('/') as Raw[];
    if (pending[0] === '') throw refuseEntry(entry.path, 'is a symbolic link with an absolute target');
    for (let links = 0; pending.length > 0;) {
      const name = pending.shift()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (reached.pop() === undefined) throw refuseEntry(entry.path, 'is a symbolic link that leads out');
        continue;
      }
      const through = this.#entries.get(joinRaw(reached.join('/') as Raw, name));
      if (through?.kind !== 'symlink') {
        reached.push(name);
        continue;
      }
      if (through.target.startsWith('/')) throw refuseEntry(through.path, 'is a symbolic link with an absolute target');
      if (++links > MAX_LINKS) throw refuseEntry(entry.path, 'is a symbolic link that goes in circles');
      pending = [...(through.target.split('/') as Raw[]), ...pending];
    }
  }
}
