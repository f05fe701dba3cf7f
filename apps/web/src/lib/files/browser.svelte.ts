import type { DirectoryEntry } from '@rose/contract';
import { Resource } from '#lib/api/resource.svelte.ts';
import { fetchPreview, type Preview } from './preview.ts';
import type { FileSource } from './source.ts';
import { Tree } from './tree.svelte.ts';

/** A tree beside the file that is chosen in it. */
export class FileBrowser {
  readonly source: FileSource;
  readonly tree: Tree;
  readonly preview: Resource<Preview>;
  /** '' while nothing is chosen. */
  path = $state('');
  /** What is chosen; null while it is looked for, or when the tree does not have it. */
  entry = $state.raw<DirectoryEntry | null>(null);

  constructor(source: FileSource) {
    this.source = source;
    this.tree = new Tree(source);
    this.preview = new Resource((signal) => fetchPreview(source, this.path, signal));
  }

  /** Shows a path, its directories opened. Never throws. */
  show = async (path: string): Promise<void> => {
    this.path = path;
    this.entry = null;
    this.preview.clear();
    const entry = await this.tree.reveal(path);
    if (this.path !== path || path === '') return;
    this.entry = entry;
    if (this.hasContent) await this.preview.load();
  };

  /** Looks again at the tree and at what is chosen in it. */
  reload = async (): Promise<void> => {
    await this.tree.reload();
    const { path } = this;
    const entry = path === '' ? null : await this.tree.reveal(path);
    if (this.path !== path || path === '') return;
    this.entry = entry;
    if (this.hasContent) await this.preview.load();
  };

  /** One that a long directory has not told yet is asked for all the same. */
  get hasContent(): boolean {
    const kind = this.entry?.kind ?? 'file';
    return kind === 'file' || (kind === 'symlink' && this.source.isLive);
  }

  close = (): void => {
    this.tree.close();
    this.preview.stop();
  };
}
