import type { Context } from '../src/context.ts';
import type { Database } from '../src/drivers/database/index.ts';
import type { ObjectId } from '@rose/snapshot';

/** What a bad disk does to the store. */
export class BadDisk {
  readonly #database: Database;

  constructor({ database }: { database: Database }) {
    this.#database = database;
  }

  /** Turns one bit of a stored object; the middle one when `bit` is not given. */
  async flip(id: ObjectId, bit?: number): Promise<void> {
    const { rowCount } = await this.#database.pool.query(
      `UPDATE "StoredObject" SET data = set_bit(data, at, 1 - get_bit(data, at))
       FROM (SELECT "ownerId" AS o, coalesce($2, octet_length(data) * 4) AS at FROM "StoredObject" WHERE id = $1) AS bit
       WHERE id = $1 AND "ownerId" = o`,
      [Buffer.from(id, 'hex'), bit ?? null],
    );
    if (rowCount !== 1) throw new Error(`There is no one object ${id}.`);
  }

  async lose(id: ObjectId): Promise<void> {
    const { rowCount } = await this.#database.pool.query('DELETE FROM "StoredObject" WHERE id = $1', [
      Buffer.from(id, 'hex'),
    ]);
    if (rowCount !== 1) throw new Error(`There is no one object ${id}.`);
  }

  /** The root tree of a version. */
  async root(projectId: number, number: number): Promise<ObjectId> {
    const where = { projectId_number: { projectId, number } };
    const { rootTree } = await this.#database.prisma.projectVersion.findUniqueOrThrow({ where });
    return Buffer.from(rootTree).toString('hex') as ObjectId;
  }
}

/** Stops a project; then its volume is gone. */
export async function loseVolume({ services, database, runtime }: Context, projectId: number): Promise<void> {
  await services.containers.stop(projectId);
  const { workspacePath } = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  await runtime.removeVolume(workspacePath);
}
