import type { TerminalInfo } from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { rose } from '#lib/api/rose.ts';

/** Until the window says its own. */
const SIZE = { cols: 80, rows: 24 };

/** The terminals of a project, one of which is shown. */
export class Terminals {
  list = $state.raw<TerminalInfo[]>([]);
  currentId = $state<string | null>(null);
  /** Finds those that are open, and opens one where there is none. What is shown is shown anew. */
  readonly find = new Deed(async () => {
    this.currentId = null;
    await this.#look();
    if (this.list.length === 0) await this.#add();
  });
  readonly add = new Deed(async () => this.#add());
  readonly close = new Deed(async (id: string) => {
    await this.#calls.close.mutate({ id });
    await this.#look();
  });
  readonly #calls: ReturnType<typeof rose.workspace>['terminals'];

  constructor(projectId: number) {
    this.#calls = rose.workspace(projectId).terminals;
  }

  get current(): TerminalInfo | null {
    return this.list.find(({ id }) => id === this.currentId) ?? null;
  }

  /** The shell has ended: another one is shown, if any. */
  forget(id: string): void {
    this.#set(this.list.filter((terminal) => terminal.id !== id));
  }

  async #add(): Promise<void> {
    const { id } = await this.#calls.create.mutate(SIZE);
    this.currentId = id;
    await this.#look();
  }

  async #look(): Promise<void> {
    const list = await this.#calls.list.query();
    this.#set(list.filter(({ exit }) => exit === null));
  }

  #set(list: TerminalInfo[]): void {
    this.list = list;
    if (this.current === null) this.currentId = list.at(-1)?.id ?? null;
  }
}
