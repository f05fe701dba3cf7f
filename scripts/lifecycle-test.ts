import { House } from './kill/house.ts';
import { LifecycleRounds } from './lifecycle/rounds.ts';
import { houseOptions } from './lifecycle/setting.ts';
import { randomFrom } from './store/random.ts';

/**
 * `node scripts/lifecycle-test.ts [ROUNDS] [SEED]`: kills the orchestrator with SIGKILL at random moments of deeds in
 * the life of projects (default one round of each) with the runtime that ROSE_RUNTIME names, starts it again, and looks
 * for orphans, wrong states and lost work. Ends with 0 and one line when there were none.
 */

const [rounds, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);

await using house = await House.build(await houseOptions());
const test = new LifecycleRounds(house, randomFrom(seed));
try {
  await test.prepare();
  const done = await test.run(rounds);
  process.stdout.write(`${house.runtime}: ${done}; no orphan, every state true, no work lost (seed ${seed}).\n`);
} catch (error) {
  process.stderr.write(`With the seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
