import { isDeepStrictEqual } from 'node:util';
import { DEV_CONTAINER_FILES, type DevContainerFile, type ProjectSettings, type RoseError } from '@rose/contract';
import type { Logger } from 'pino';
import { translateAgentError, type AgentConnection } from '../drivers/agent/agent-connection.ts';
import type { ContainerRow, ContainersRepository } from './containers-repository.ts';
import { parseDevContainer } from './dev-container-parser.ts';
import type { StartLines } from './start-lines.ts';
import { isOtherWish } from './wish.ts';

const READ_MS = 5000;
const MAX_BYTES = 64 * 1024;

export interface DevContainersOptions {
  repository: Pick<ContainersRepository, 'setDevContainer'>;
  settingsOf: (projectId: number) => Promise<ProjectSettings>;
  lines: StartLines;
  log: Logger;
}

/** What workspaces say of their own containers, in a devcontainer.json. */
export class DevContainers {
  readonly #options: DevContainersOptions;

  constructor(options: DevContainersOptions) {
    this.#options = options;
  }

  /**
   * Reads the file of a workspace and notes what it says, in `project` too. An agent that does not answer leaves
   * what was noted before.
   * @returns whether the project now wants another container than it did
   */
  async note(project: ContainerRow, agent: AgentConnection): Promise<boolean> {
    const { repository, settingsOf, lines, log } = this.#options;
    let file: DevContainerFile | null;
    try {
      file = await readFile(agent);
    } catch (err) {
      log.warn({ projectId: project.id, err }, 'the devcontainer.json of a project could not be read');
      return false;
    }
    for (const problem of file?.problems ?? []) lines.tell(project.id, `${file!.path}: ${problem}`);
    const before = project.devContainer;
    if (isDeepStrictEqual(file, before)) return false;
    await repository.setDevContainer(project.id, file);
    project.devContainer = file;
    return isOtherWish(await settingsOf(project.id), before, file);
  }
}

/** The first there is; all are asked for at once. */
async function readFile(agent: AgentConnection): Promise<DevContainerFile | null> {
  const signal = AbortSignal.timeout(READ_MS);
  const found = await Promise.all(DEV_CONTAINER_FILES.map((path) => readOne(agent, path, signal)));
  return found.find((file) => file !== null) ?? null;
}

async function readOne(agent: AgentConnection, path: string, signal: AbortSignal): Promise<DevContainerFile | null> {
  try {
    const { content, size } = await agent.trpc.files.read.query(
      { path, encoding: 'utf8', length: MAX_BYTES },
      { signal },
    );
    if (size > MAX_BYTES || content.length > MAX_BYTES)
      return { ...parseDevContainer(path, '{}'), problems: ['It is too long, and ignored.'] };
    return parseDevContainer(path, content);
  } catch (error) {
    const { code } = translateAgentError(error);
    // A directory, a socket, a file that nobody may read: no such file.
    if (code === 'NOT_FOUND' || code === 'CONFLICT' || code === 'FORBIDDEN') return null;
    throw error;
  }
}

/** What a start tells when the image of a devcontainer.json cannot be used: the workspace must stay in reach. */
export function imageRefused(file: DevContainerFile, error: RoseError): string {
  return `${file.path}: ${error.message} RoSE's own image is used.`;
}
