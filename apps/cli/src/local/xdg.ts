import { homedir } from 'node:os';
import path from 'node:path';

const DEFAULTS = { CONFIG: '.config', CACHE: '.cache' };

/** Where a person's programs keep their files (XDG Base Directory Specification: a relative path is ignored). */
export function xdgDirectory(env: Record<string, string | undefined>, kind: keyof typeof DEFAULTS): string {
  const set = env[`XDG_${kind}_HOME`];
  return set && path.isAbsolute(set) ? set : path.join(env.HOME || homedir(), DEFAULTS[kind]);
}
