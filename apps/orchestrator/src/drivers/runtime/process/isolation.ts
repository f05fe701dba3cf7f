import type { Isolation } from '../runtime.ts';
import type { Cgroup } from './cgroups.ts';
import { startedByRoot } from './owners.ts';
import type { Choice } from './choose-way.ts';

/** Says in one sentence what holds a dev container back, and what does not. */
export function isolationOf({ way, refused }: Choice, cgroups: Cgroup, pidsByUser: boolean): Isolation {
  const limited = [
    { name: 'memory', by: cgroups.memory },
    { name: 'CPU', by: cgroups.cpu },
    { name: 'process', by: cgroups.pids ?? pidsByUser },
  ];
  const missing = limited.filter(({ by }) => !by).map(({ name }) => name);
  const limits = missing.length === 0 ? '' : ` Not enforced: ${listed(missing)} limits.`;
  if (way === 'none') {
    const reasons = refused.length === 0 ? '' : ` (${reasonsOf(refused)})`;
    return {
      level: 'none',
      description:
        `No sandbox works on this machine${reasons}: commands of a project run as the user who started RoSE, ` +
        `with all of that user’s files and the network of the host.${limits}`,
    };
  }
  const uids = startedByRoot ? ', a uid of its own for each project' : ', all projects as the user who started RoSE';
  return {
    level: 'sandbox',
    description: `${way}: namespaces of its own, no network, no capabilities, a read-only system${uids}.${limits}`,
  };
}

export function reasonsOf(refused: Choice['refused']): string {
  return refused.map(({ way, reason }) => `${way}: ${reason}`).join('; ');
}

function listed(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
