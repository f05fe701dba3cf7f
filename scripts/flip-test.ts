import { House } from './kill/house.ts';
import { FlipRounds } from './store/flip-rounds.ts';
import { randomFrom } from './store/random.ts';

/**
 * `node scripts/flip-test.ts [ROUNDS] [SEED]`: turns one random bit of the stored objects (default 20 times),
 * expects verify to find it, and a load of each version to refuse exactly when verify named it. Ends with 0
 * and one line.
 */

const [rounds = 20, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);

await using house = await House.build();
await using test = new FlipRounds(house, randomFrom(seed));
try {
  await test.prepare();
  for (let round = 0; round < rounds; round += 1) await test.round();
  const { found, refused, loaded } = test.tally;
  process.stdout.write(
    `${found} of ${rounds} flipped bits found by verify; ${refused} loads that need them refuse, ${loaded} others load ` +
      `exactly (seed ${seed}).\n`,
  );
} catch (error) {
  process.stderr.write(`With the seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
