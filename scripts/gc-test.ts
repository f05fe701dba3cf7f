import { House } from './kill/house.ts';
import { GcRounds } from './store/gc-rounds.ts';
import { randomFrom } from './store/random.ts';

/**
 * `node scripts/gc-test.ts [ROUNDS] [SEED]`: saves, deletes versions and collects garbage at the same time
 * (default 10 rounds), verifies the store after each round and loads every version at the end. Ends with 0
 * and one line when no object was lost.
 */

const [rounds = 10, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);

await using house = await House.build();
const test = new GcRounds(house, randomFrom(seed));
try {
  await test.prepare();
  for (let round = 0; round < rounds; round += 1) await test.round();
  await test.loadAll();
  const { saves, collections, deleted, freed, versions } = test.tally;
  process.stdout.write(
    `${rounds} rounds: ${saves} saves against ${collections} collections, ${deleted} versions deleted, ${freed} objects ` +
      `freed, none lost; ${versions} versions load exactly (seed ${seed}).\n`,
  );
} catch (error) {
  process.stderr.write(`With the seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
