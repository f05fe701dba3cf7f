import { createHash } from 'node:crypto';
import type { PostCreate, ProjectSettings } from '@rose/contract';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { AgentConnection } from '../drivers/agent/agent-connection.ts';
import { failureOf, runCommand, type CommandEnd } from '../drivers/agent/run-command.ts';
import type { Activity } from './activity.ts';
import type { ContainerRow } from './containers-repository.ts';
import type { StartLines } from './start-lines.ts';
import { wishOf } from './wish.ts';

/** By then it hangs. */
const LIMIT_SECONDS = 3600;
const MARK_SECONDS = 10;
/** Projects whose last command is remembered. */
const MAX_STATES = 1000;
const MAX_OUTPUT = 8192;
/** Of what a command writes at once only the end is heard: a flood of it must not take RoSE's time. */
const MAX_HEARD = 16 * 1024;
const MAX_LINES_HEARD = 200;

/** In the home, outside of the workspace: versions do not hold it, and a fresh volume has none. */
const IS_DONE = 'test "$(cat "$HOME/.config/rose/post-create" 2> /dev/null)" = "$0"';
const MARK = 'mkdir -p "$HOME/.config/rose" && echo "$0" > "$HOME/.config/rose/post-create"';

export interface PostCreateOptions {
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  activity: Activity;
  lines: StartLines;
  log: Logger;
}

/** Runs the postCreateCommand of a devcontainer.json, once for each home and image, beside whatever else goes on. */
export class PostCreates {
  readonly #options: PostCreateOptions;
  readonly #states = new LRUCache<number, PostCreate>({ max: MAX_STATES });

  constructor(options: PostCreateOptions) {
    this.#options = options;
  }

  /** null: nothing was to do since RoSE started. */
  get(projectId: number): PostCreate | null {
    return this.#states.get(projectId) ?? null;
  }

  /** Returns at once. */
  begin(project: ContainerRow, agent: AgentConnection): void {
    const { log } = this.#options;
    void this.#run(project, agent).catch((err: unknown) => {
      this.#states.delete(project.id);
      log.warn({ projectId: project.id, err }, 'the postCreateCommand of a project could not be run');
    });
  }

  async #run({ id: projectId, devContainer: file }: ContainerRow, agent: AgentConnection): Promise<void> {
    const settings = await this.#options.settingsOf(projectId);
    this.#states.delete(projectId);
    if (file === null || file.postCreateCommand.length === 0 || settings.devContainerFile !== 'follow') return;
    const { image } = wishOf(settings, file);
    const key = createHash('sha256')
      .update(JSON.stringify([image, file.postCreateCommand]))
      .digest('hex');
    if ((await quick(agent, IS_DONE, key)).code === 0) return;
    const { activity, lines } = this.#options;
    using _ = activity.begin(projectId);
    const state: PostCreate = { state: 'running', output: '' };
    this.#states.set(projectId, state);
    const ends = await Promise.all(file.postCreateCommand.map((argv) => this.#command(projectId, agent, argv, state)));
    const failure = ends.find((end) => end !== null) ?? null;
    if (failure === null) await quick(agent, MARK, key);
    else lines.tell(projectId, `postCreateCommand ${failure}.`);
    state.state = failure === null ? 'done' : 'failed';
  }

  /** null, or how it failed. */
  async #command(projectId: number, agent: AgentConnection, argv: string[], state: PostCreate): Promise<string | null> {
    const { lines } = this.#options;
    lines.tell(projectId, `postCreateCommand: ${argv.at(-1)}`);
    const text = new TextDecoder();
    let rest = '';
    const hear = (piece: Buffer): void => {
      const heard = text.decode(piece.subarray(-MAX_HEARD), { stream: true });
      state.output = (state.output + heard).slice(-MAX_OUTPUT);
      const whole = (rest + heard).split('\n');
      rest = (whole.pop() ?? '').slice(-MAX_OUTPUT);
      for (const line of whole.slice(-MAX_LINES_HEARD)) lines.tell(projectId, line);
    };
    const signal = AbortSignal.timeout((LIMIT_SECONDS + MARK_SECONDS) * 1000);
    const end = await runCommand(agent, { argv, timeLimitSeconds: LIMIT_SECONDS }, hear, signal);
    if (rest !== '') lines.tell(projectId, rest);
    return failureOf(end, LIMIT_SECONDS);
  }
}

function quick(agent: AgentConnection, script: string, key: string): Promise<CommandEnd> {
  const spec = { argv: ['sh', '-c', script, key], timeLimitSeconds: MARK_SECONDS };
  return runCommand(agent, spec, () => {}, AbortSignal.timeout(2 * MARK_SECONDS * 1000));
}
