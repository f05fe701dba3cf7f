import { execPath } from 'node:process';
import { RoseError } from '@rose/contract';
import type { Runtime } from '../runtime.ts';
import { findCgroups } from './cgroups.ts';
import { chooseWay, type Choice } from './choose-way.ts';
import { isolationOf, reasonsOf } from './isolation.ts';
import { layOutParts } from './parts.ts';
import { ProcessRuntime } from './process-runtime.ts';
import { Records } from './records.ts';
import { canLimitByUser } from './start-container.ts';
import { sweep } from './sweep.ts';
import { Volumes } from './volumes.ts';
import type { Way } from './ways.ts';

export interface ProcessRuntimeOptions {
  /** This installation's id: containers of another one in the same data directory are not touched. */
  installation: string;
  /** Absolute; containers, volumes and sockets lie below it. */
  dataDir: string;
  /** apps/dev-container/dist: agent.mjs and what lies beside it. */
  agentDir: string;
  /** Where the orchestrator listens: without a sandbox it must be a loopback address. */
  host: string;
  /** Host path of CA certificates that containers must trust too. */
  extraCaFile: string | null;
  /** The proxy through which this host reaches the internet; used without a sandbox. */
  upstreamProxy: string | null;
  /** Default: the Node that runs this. */
  node?: string;
  /** Takes this way of isolation and no other; default: the best that works. */
  way?: Way;
}

/**
 * Runs dev containers as processes of this machine, isolated as well as it can. Takes over those
 * that an earlier orchestrator on the same data directory left running.
 * @throws RoseError RUNTIME_UNAVAILABLE off Linux, when the agent was not built, when nothing
 * isolates and `host` is not loopback.
 */
export async function createProcessRuntime(options: ProcessRuntimeOptions): Promise<Runtime> {
  if (process.platform !== 'linux') {
    throw new RoseError('RUNTIME_UNAVAILABLE', 'Without Docker, dev containers run on Linux only.');
  }
  const { dataDir, installation } = options;
  const parts = await layOutParts({ node: execPath, ...options });
  const records = new Records(dataDir, installation);
  const volumes = new Volumes(dataDir);
  await sweep(dataDir, await records.all(), parts.agentBuild);
  const choice = await chooseWay(dataDir, parts, options.way ?? null);
  if (choice.way === 'none' && !isLoopback(options.host)) throw notIsolated(choice);
  const cgroups = await findCgroups();
  const ground = { way: choice.way, cgroups, records, upstreamProxy: options.upstreamProxy };
  const isolation = isolationOf(choice, cgroups, canLimitByUser(choice.way));
  const runtime = new ProcessRuntime({ dataDir, installation, parts, ground, volumes, isolation });
  await runtime.adopt();
  const removeLeftovers = await volumes.leftovers();
  // A workspace of millions of files may take minutes; the next start tries again.
  removeLeftovers().catch(() => {});
  return runtime;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function notIsolated({ refused }: Choice): RoseError<'RUNTIME_UNAVAILABLE'> {
  const message =
    `No sandbox works on this machine (${reasonsOf(refused)}). Then RoSE serves only on a loopback ROSE_HOST: ` +
    'anybody who signs in could read all files of the user who runs it. Install bubblewrap or Docker.';
  return new RoseError('RUNTIME_UNAVAILABLE', message);
}
