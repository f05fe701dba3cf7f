import { searchInput } from '@rose/contract';
import { router, viewer } from '../trpc.ts';

export const searchRouter = router({
  content: viewer
    .input(searchInput)
    .query(({ ctx, input, signal }) => ctx.agent.search.search('content', input, signal!)),
  names: viewer.input(searchInput).query(({ ctx, input, signal }) => ctx.agent.search.search('names', input, signal!)),
});
