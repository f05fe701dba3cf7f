import { text } from 'node:stream/consumers';
import { createProcessRuntime, type ProcessRuntimeOptions } from './index.ts';
import { Ada } from '../suite/bench.ts';

/**
 * An orchestrator in a process of its own, for tests that kill it or run it as another user.
 * Reads options and a script as JSON on stdin, starts a container, runs the script in it, says
 * what came of it in one line, then stays until it is killed.
 */
const { script, ...options } = JSON.parse(await text(process.stdin)) as ProcessRuntimeOptions & { script: string };
const runtime = await createProcessRuntime(options);
const info = await runtime.create({
  projectId: 1,
  volume: 'project-1',
  secret: 'secret-1',
  limits: { memoryMiB: 256, cpus: 1, pids: 256 },
  environment: {},
});
await runtime.start(info.id);
const ada = new Ada(runtime, info, 'secret-1');
await ada.answers();
const output = await ada.output(script);
console.log(JSON.stringify({ id: info.id, isolation: runtime.isolation, canPause: runtime.canPause, output }));
setInterval(() => {}, 1000);
