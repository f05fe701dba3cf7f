import { errorFromBody, RoseError } from '@rose/contract';
import pg from 'pg';
import type { House } from '../kill/house.ts';
import { shell, treeOf } from '../kill/workspace.ts';

interface Flip {
  id: Buffer;
  bit: number;
}

/** Turns single bits of stored objects, and looks whether verify names them and exactly those loads refuse. */
export class FlipRounds implements AsyncDisposable {
  readonly #house: House;
  readonly #random: () => number;
  readonly #database: pg.Client;
  readonly #trees = new Map<number, string>();
  readonly tally = { found: 0, refused: 0, loaded: 0 };

  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#random = random;
    this.#database = new pg.Client({ connectionString: house.databaseUrl });
  }

  /** Four versions with files and directories of many sizes, some shared and some not. */
  async prepare(): Promise<void> {
    await this.#database.connect();
    const { rose, projectId } = this.#house;
    for (const number of [1, 2, 3, 4]) {
      await shell(
        this.#house,
        String.raw`mkdir -p d/${number}/e; for i in {1..20}; do seq $((i * ${number} * 37)) > d/${number}/f$i; done
          yes 'the same again' | head -c $((${number} * 9000)) > d/${number}/e/repeated; head -c 3000 /dev/urandom > random
          head -c $((${number} * 400000)) /dev/urandom > large; seq 300000 > long; ln -sfn d/${number} link; rm -rf d/$((${number} - 2))`,
      );
      const { version } = await rose.versions.save.mutate({ projectId });
      this.#trees.set(version, await treeOf(this.#house));
    }
    await rose.store.collect.mutate({});
  }

  async round(): Promise<void> {
    const flip = await this.#choose();
    await this.#turn(flip);
    const { damaged } = await this.#house.rose.store.verify.mutate({});
    if (damaged.length === 0) throw new Error(`Bit ${flip.bit} of ${flip.id.toString('hex')} was not found.`);
    this.tally.found += 1;
    const needing = new Set(damaged.map(({ version }) => version));
    for (const version of this.#trees.keys()) await this.#load(version, needing.has(version));
    await this.#turn(flip);
  }

  /** Into an empty workspace, which needs every object of the version. */
  async #load(version: number, isDamaged: boolean): Promise<void> {
    const { rose, projectId } = this.#house;
    await shell(this.#house, 'find . -mindepth 1 -delete');
    const load = rose.versions.load.mutate({ projectId, version, discard: true });
    const code = await load.then(
      () => null,
      (error: unknown) => codeOf(error),
    );
    if (code !== (isDamaged ? 'DAMAGED' : null)) throw new Error(`The load of version ${version} ended with ${code}.`);
    const tree = await treeOf(this.#house);
    const isEmpty = (await shell(this.#house, 'ls -A')).length === 0;
    if (isDamaged ? !isEmpty : tree !== this.#trees.get(version)) throw new Error(`Version ${version} left a mix.`);
    this.tally[isDamaged ? 'refused' : 'loaded'] += 1;
  }

  /** Any bit of all that is stored, each as likely as the others. */
  async #choose(): Promise<Flip> {
    const { rows } = await this.#database.query<{ id: Buffer; length: number }>(
      'SELECT id, octet_length(data) AS length FROM "StoredObject" ORDER BY id',
    );
    const all = rows.reduce((sum, { length }) => sum + length, 0);
    // Half of them by object: else nearly all would fall on the large ones.
    if (this.#random() < 0.5) {
      const { id, length } = rows[Math.floor(this.#random() * rows.length)]!;
      return { id, bit: Math.floor(this.#random() * length * 8) };
    }
    let at = Math.floor(this.#random() * all * 8);
    for (const { id, length } of rows) {
      if (at < length * 8) return { id, bit: at };
      at -= length * 8;
    }
    throw new Error('Nothing is stored.');
  }

  async #turn({ id, bit }: Flip): Promise<void> {
    const text = 'UPDATE "StoredObject" SET data = set_bit(data, $2, 1 - get_bit(data, $2)) WHERE id = $1';
    await this.#database.query(text, [id, bit]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.end();
  }
}

function codeOf(error: unknown): string {
  if (error instanceof RoseError) return error.code;
  return errorFromBody(error)?.code ?? String(error);
}
