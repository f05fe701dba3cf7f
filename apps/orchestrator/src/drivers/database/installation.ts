import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

/** Who this installation is. Containers carry the uuid as a label; secrets are derived from the key. */
export interface Installation {
  uuid: string;
  /** 32 random bytes; never leaves the orchestrator. */
  secretKey: Buffer;
}

/** The installation's identity, made at the first call; concurrent first calls agree on one. */
export async function ensureInstallation({ prisma }: Database): Promise<Installation> {
  await prisma.installation.createMany({
    data: [{ uuid: randomUUID(), secretKey: randomBytes(32) }],
    skipDuplicates: true,
  });
  const { uuid, secretKey } = await prisma.installation.findUniqueOrThrow({ where: { id: 1 } });
  return { uuid, secretKey: Buffer.from(secretKey) };
}
