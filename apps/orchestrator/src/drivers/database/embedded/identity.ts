import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { RoseError } from '@rose/contract';

/** The user that the server runs as when that is not the user of this process. */
export interface Identity {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root and wants to own its data directory. Root therefore gives it
 * the owner of the data, for new data the system's user `postgres`, else `nobody`.
 * @returns null when the server runs as the user of this process.
 * @throws RoseError DATABASE_UNAVAILABLE when the data belongs to somebody else.
 */
export function chooseIdentity(data: string): Identity | null {
  const own = process.getuid?.() ?? 0;
  const owner = existsSync(data) ? statSync(data) : null;
  if (own !== 0) {
    if (owner === null || owner.uid === own) return null;
    throw new RoseError(
      'DATABASE_UNAVAILABLE',
      `The database in ${data} belongs to the user with the id ${owner.uid}, and RoSE runs as ${own}. ` +
        'Start RoSE as that user or as root, or set ROSE_DATA_DIR to another directory.',
    );
  }
  if (owner !== null) return { uid: owner.uid, gid: owner.gid };
  return idsOf('postgres') ?? idsOf('nobody') ?? { uid: 65_534, gid: 65_534 };
}

function idsOf(user: string): Identity | null {
  try {
    const ask = (flag: string) =>
      Number(
        execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000 }),
      );
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return null;
  }
}
