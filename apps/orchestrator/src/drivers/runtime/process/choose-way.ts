import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { RoseError } from '@rose/contract';
import { makeSocketFolders } from '../socket-folders.ts';
import { reasonsOf } from './isolation.ts';
import { ownerOf, TOOLS } from './owners.ts';
import type { Parts } from './parts.ts';
import { CHECK, JOIN } from './scripts.ts';
import { INSIDE_PATHS } from './tree.ts';
import { Volumes } from './volumes.ts';
import { sandboxed, WAYS, type Way } from './ways.ts';

const run = promisify(execFile);
const TRIAL_MS = 20_000;
/** A project that never exists: its uid serves the trial alone. */
const TRIAL_PROJECT = 0;

export interface Choice {
  way: Way;
  /** Why each better way was not taken. */
  refused: { way: Way; reason: string }[];
}

/**
 * Takes the best way that works here, found by running each with a script that tries to break out.
 * @param only takes this way or none other
 * @throws RoseError RUNTIME_UNAVAILABLE when the way that was asked for does not work.
 */
export async function chooseWay(dataDir: string, parts: Parts, only: Way | null): Promise<Choice> {
  const refused: Choice['refused'] = [];
  for (const way of only === null ? WAYS : [only]) {
    const reason = way === 'none' ? null : await tryWay(way, dataDir, parts);
    if (reason === null) return { way, refused };
    refused.push({ way, reason });
  }
  throw new RoseError('RUNTIME_UNAVAILABLE', `Dev containers cannot be isolated as asked for (${reasonsOf(refused)}).`);
}

/** @returns null when it works, else why not. */
async function tryWay(way: Way, dataDir: string, parts: Parts): Promise<string | null> {
  const owner = ownerOf(TRIAL_PROJECT, true);
  const parent = path.join(dataDir, 'sandbox');
  const trial = await mkdtemp(path.join(parent, 'trial-'));
  const volumes = new Volumes(trial);
  const volume = 'trial';
  const stage = path.join(trial, 'stage');
  try {
    await volumes.ensure(volume, owner);
    await mkdir(stage);
    const folders = await makeSocketFolders(trial, 'trial', owner);
    const sources = { ...parts, volume: volumes.folder(volume), in: folders.in, out: folders.out };
    const spec = { sources, owner, stage, hostname: 'trial', tmpBytes: 1024 * 1024 };
    const [shell = '', ...rest] = [...JOIN, '--', ...sandboxed(way, spec, [...CHECK, INSIDE_PATHS.node])];
    const { stdout } = await run(shell, rest, {
      cwd: '/',
      env: { PATH: TOOLS, HOME: INSIDE_PATHS.home },
      timeout: TRIAL_MS,
      killSignal: 'SIGKILL',
    });
    return stdout.trim() === 'works' ? null : 'it does not start a program';
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return (stdout || stderr || String(error)).trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}
