import { setTimeout as sleep } from 'node:timers/promises';
import { RoseError } from '@rose/contract';
import type { Runtime } from '../drivers/runtime/runtime.ts';
import type { ContainersRepository } from './containers-repository.ts';

const FOLLOW_MS = 1000;

/** Reads what the first process of a container has written: its agent. Wakes none. */
export class LogReader {
  readonly #repository: Pick<ContainersRepository, 'get'>;
  readonly #runtime: Pick<Runtime, 'logs'>;

  constructor(repository: Pick<ContainersRepository, 'get'>, runtime: Pick<Runtime, 'logs'>) {
    this.#repository = repository;
    this.#runtime = runtime;
  }

  /** The last 64 KiB at most; '' while there is no container. @throws RoseError NOT_FOUND for the project */
  async read(projectId: number): Promise<string> {
    const { containerId } = await this.#repository.get(projectId);
    if (containerId === null) return '';
    try {
      return await this.#runtime.logs(containerId);
    } catch (error) {
      // Removed between the two questions.
      if (error instanceof RoseError && error.code === 'NOT_FOUND') return '';
      throw error;
    }
  }

  /** What there is, then what is written from then on, of this container and the next ones, until `signal` aborts. */
  async *follow(projectId: number, signal: AbortSignal): AsyncGenerator<string> {
    let told = '';
    while (!signal.aborted) {
      const log = await this.read(projectId);
      const more = log.slice(overlap(told, log));
      if (more !== '') yield more;
      told = log;
      await sleep(FOLLOW_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Length of the longest end of `before` that `after` begins with (Knuth, Morris, Pratt). */
export function overlap(before: string, after: string): number {
  // How far the beginning of `after` repeats itself before each place.
  const borders = new Int32Array(after.length);
  const advance = (matched: number, character: string): number => {
    let length = matched;
    while (length > 0 && (length === after.length || after[length] !== character)) length = borders[length - 1]!;
    return after[length] === character ? length + 1 : length;
  };
  for (let at = 1; at < after.length; at += 1) borders[at] = advance(borders[at - 1]!, after[at]!);
  let matched = 0;
  for (const character of characters(before)) matched = advance(matched, character);
  return matched;
}

function* characters(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) yield text[at]!;
}
