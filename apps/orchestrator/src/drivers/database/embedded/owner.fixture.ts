import path from 'node:path';
import { lockDirectory } from '../directory-lock.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

/** What an orchestrator does with its database, and nothing else: locks the directory given, starts, says the URL, stays. */
const [dataDir = ''] = process.argv.slice(2);
const log = { info: () => undefined, warn: console.error, error: console.error };
using _ = lockDirectory(dataDir);
await using server = await startEmbeddedPostgres({ state: path.join(dataDir, 'postgres'), log, isDurable: false });
console.log(server.url('postgres'));
const { promise: asked, resolve: stop } = Promise.withResolvers<unknown>();
process.once('SIGTERM', stop);
// Ends with the test that started it, however that ended.
process.stdin.once('close', stop).resume();
await asked;
process.stdin.destroy();
