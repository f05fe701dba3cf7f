import { House } from './kill/house.ts';
import { Rounds } from './kill/rounds.ts';

/**
 * `node scripts/kill-test.ts [ROUNDS] [SEED]`: kills the orchestrator, the agent or both with
 * SIGKILL at random moments of ROUNDS saves and as many loads (default 6), starts again and
 * compares whole trees. Ends with 0 and one line when nothing was lost, mixed or left behind.
 */

const [rounds = 6, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);

/** Park and Miller: the same moments for the same seed. */
let state = (seed % 2_147_483_646) + 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

await using house = await House.build();
const test = new Rounds(house, random);
try {
  await test.prepare();
  for (let round = 0; round < rounds; round += 1) {
    await test.killSave(round);
    await test.killLoad(round);
  }
  const versions = await test.loadAll();
  const { saves, loads } = test;
  process.stdout.write(
    `${rounds} saves killed: ${saves.done} done, ${saves.undone} undone; ${rounds} loads killed: ${loads.done} done, ` +
      `${loads.undone} undone; ${versions} versions load exactly (seed ${seed}).\n`,
  );
} catch (error) {
  process.stderr.write(`With the seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
