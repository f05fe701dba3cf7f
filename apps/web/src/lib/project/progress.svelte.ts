import type { DeedProgress } from '@rose/contract';
import { rose } from '#lib/api/rose.ts';
import { asBytes, asCount } from '#lib/ui/format.ts';

/** Follows how far a running save or load of a project is, as long as a deed of this page runs. */
export class ProgressWatch {
  current = $state.raw<DeedProgress | null>(null);
  readonly #projectId: number;

  constructor(projectId: number) {
    this.#projectId = projectId;
  }

  /** 0 to 1; null while the end is unknown. */
  get share(): number | null {
    if (this.current === null) return null;
    const { bytes, bytesTotal, files, filesTotal } = this.current;
    if (bytesTotal !== null && bytesTotal > 0) return bytes / bytesTotal;
    return filesTotal !== null && filesTotal > 0 ? files / filesTotal : null;
  }

  /** Runs a deed and follows it. */
  async during<R>(act: () => Promise<R>): Promise<R> {
    const stop = new AbortController();
    void this.#follow(stop.signal);
    try {
      return await act();
    } finally {
      stop.abort();
      this.current = null;
    }
  }

  /** Progress is only shown: a deed succeeds or fails without it. */
  async #follow(signal: AbortSignal): Promise<void> {
    try {
      const events = await rose.versions.progress.query({ projectId: this.#projectId }, { signal });
      for await (const event of events) {
        if (signal.aborted) return;
        this.current = event;
      }
    } catch (error) {
      if (!signal.aborted) console.warn('The progress is not shown.', error);
    }
  }
}

const DOING: Record<DeedProgress['deed'], Partial<Record<DeedProgress['phase'], string>>> = {
  save: { reading: 'Reading the workspace', sending: 'Storing what is new', applying: 'Finishing' },
  load: { reading: 'Comparing', sending: 'Sending what differs', applying: 'Putting it in place' },
  fork: { copying: 'Copying' },
};

/** "Reading the workspace: 1,204 of 25,000 files, 12.1 MiB"; a fork copies stored objects. */
export function asSentence({ deed, phase, files, filesTotal, bytes }: DeedProgress): string {
  const of = filesTotal === null ? '' : ` of ${asCount(filesTotal)}`;
  const what = deed === 'fork' ? 'objects' : 'files';
  return `${DOING[deed][phase] ?? phase}: ${asCount(files)}${of} ${what}, ${asBytes(bytes)}`;
}
