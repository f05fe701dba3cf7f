import { House } from './kill/house.ts';
import { OwnEngine } from './lifecycle/engine.ts';
import { EngineRounds } from './lifecycle/engine-rounds.ts';
import { randomFrom } from './store/random.ts';

/**
 * `node scripts/engine-test.ts [ROUNDS] [SEED]`, as root: kills a container engine of its own with SIGKILL while
 * projects run and one is saved (default 2 rounds), starts it again, and looks for orphans, wrong states and lost
 * work. Ends with 0 and one line when there were none.
 */

const [rounds = 2, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);

await using engine = await OwnEngine.start();
const environment = { DOCKER_HOST: engine.host, ROSE_BASE_IMAGE: await engine.baseImage() };
await using house = await House.build({ runtime: 'docker', environment });
const test = new EngineRounds(house, engine, randomFrom(seed));
try {
  await test.prepare();
  for (let round = 0; round < rounds; round += 1) await test.kill(round);
  const { saved, refused, backMs } = test.tally;
  process.stdout.write(
    `${rounds} kills of the engine: ${saved} saves done, ${refused} refused and repeated; calls meanwhile end with ` +
      `RUNTIME_UNAVAILABLE and work again ${(backMs / 1000).toFixed(1)} s after it is back at the latest; no orphan, every state true, no work lost (seed ${seed}).\n`,
  );
} catch (error) {
  process.stderr.write(`With the seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
