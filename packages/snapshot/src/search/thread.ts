import { parentPort, workerData } from 'node:worker_threads';
import { RoseError } from '@rose/contract';
import type { FromSearch, SearchData } from './messages.ts';
import { Search } from './search.ts';

/**
 * Carries out the search that this thread was started for.
 * @param deed shows the search all that it may be about, until it is over; what it throws but RoseErrors ends the thread
 */
export async function carryOut(deed: (search: Search) => Promise<void> | void): Promise<void> {
  const post = (message: FromSearch): void => parentPort!.postMessage(message);
  try {
    const search = new Search(workerData as SearchData, post);
    await deed(search);
    search.flush();
    post({ answer: 'done', truncated: search.isTruncated });
  } catch (error) {
    if (!(error instanceof RoseError)) throw error;
    post({ answer: 'failed', error: error.toBody() });
  }
}

export type { Search } from './search.ts';
