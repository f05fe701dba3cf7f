import { RoseError, type CommandSpec, type ProjectSettings, type VersionKind } from '@rose/contract';
import type { Logger } from 'pino';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import { failureOf, runCommand } from '../drivers/agent/run-command.ts';

/** What a checkpoint before a load or an import holds must be the workspace as it is. */
const RUNS_BEFORE: ReadonlySet<VersionKind> = new Set(['manual', 'auto-save', 'on-stop']);
const MAX_TOLD_BYTES = 2000;
const SPARE_SECONDS = 15;

/** A project's own command before each save: a database dump, for example. */
export class PreSaveHook {
  readonly #settingsOf: (projectId: number) => Promise<ProjectSettings>;
  readonly #log: Logger;

  constructor(settingsOf: (projectId: number) => Promise<ProjectSettings>, log: Logger) {
    this.#settingsOf = settingsOf;
    this.#log = log;
  }

  /**
   * Runs the command if the project has one. A checkpoint is made all the same when it fails.
   * @throws RoseError CONFLICT when it fails before a save by hand
   */
  async run(
    { projectId, kind }: { projectId: number; kind: VersionKind },
    agent: AgentConnection,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!RUNS_BEFORE.has(kind)) return;
    const { preSaveCommand, preSaveSeconds } = await this.#settingsOf(projectId);
    if (preSaveCommand === '') return;
    const spec = { argv: ['sh', '-c', preSaveCommand], timeLimitSeconds: preSaveSeconds };
    const failure = await runWithDeadline(agent, spec, signal);
    if (failure === null) return;
    if (kind === 'manual')
      throw new RoseError('CONFLICT', `Nothing was saved: the project's preSaveCommand ${failure}`);
    this.#log.warn({ projectId, failure }, 'the pre-save command failed before a checkpoint');
  }
}

/** The agent ends the command in time; an agent that does not is waited for a little longer only. */
async function runWithDeadline(
  agent: AgentConnection,
  spec: CommandSpec & { timeLimitSeconds: number },
  signal?: AbortSignal,
): Promise<string | null> {
  const deadline = AbortSignal.timeout((spec.timeLimitSeconds + SPARE_SECONDS) * 1000);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    return await failureOfRun(agent, spec, either);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    if (error instanceof RoseError && error.code === 'CONFLICT') return error.message;
    return `could not run: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** null when the command ended with 0, else a sentence's end that says what happened. */
async function failureOfRun(
  agent: AgentConnection,
  spec: CommandSpec & { timeLimitSeconds: number },
  signal: AbortSignal,
): Promise<string | null> {
  let told = '';
  const hear = (piece: Buffer, stream: 'stdout' | 'stderr'): void => {
    if (stream === 'stderr') told = (told + piece.toString('utf8')).slice(-MAX_TOLD_BYTES);
  };
  const failure = failureOf(await runCommand(agent, spec, hear, signal), spec.timeLimitSeconds);
  return failure && `${failure}. ${told.trim()}`.trim();
}
