import { buildMissing } from './lib/build.ts';

/**
 * `npm start`: builds what is missing or stale, then serves in this process. package.json runs it by
 * `exec`: a shell in between would take the signals that npm passes on, and leave this behind.
 */

await buildMissing();
const { main } = await import('@rose/orchestrator/main');
await main();
