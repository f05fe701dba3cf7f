import { ArchiveService } from './archive/archive-service.ts';
import { CommandsService } from './commands/commands-service.ts';
import { PROXY_PORT } from './commands/command-environment.ts';
import { startEgressForwarder } from './egress/egress-forwarder.ts';
import type { Environment } from './environment.ts';
import { ContentService } from './files/content-service.ts';
import { FilesService } from './files/files-service.ts';
import { Trash } from './files/trash.ts';
import { clearIncoming } from './files/write-file.ts';
import { ProcessesService } from './processes/processes-service.ts';
import { SearchService } from './search/search-service.ts';
import { SnapshotWorker } from './snapshot/snapshot-worker.ts';
import { TerminalsService } from './terminals/terminals-service.ts';
import { WatchService } from './watch/watch-service.ts';
import { Workspace } from './workspace.ts';

/** What the rooms need; made once, here. */
export interface Agent extends AsyncDisposable {
  readonly environment: Environment;
  readonly startedAt: Date;
  readonly workspace: Workspace;
  readonly files: FilesService;
  readonly content: ContentService;
  readonly commands: CommandsService;
  readonly terminals: TerminalsService;
  readonly archive: ArchiveService;
  readonly processes: ProcessesService;
  readonly search: SearchService;
  readonly watch: WatchService;
  readonly snapshots: SnapshotWorker;
}

/** Makes the agent of a home directory, after finishing what a killed one left. */
export async function createAgent(environment: Environment): Promise<Agent> {
  const workspace = new Workspace(environment.home);
  await using resources = new AsyncDisposableStack();
  if (environment.egressSocket !== null) {
    resources.use(await startEgressForwarder(PROXY_PORT, environment.egressSocket));
  }
  // A load that a killed agent left half-way is finished before anybody sees the workspace.
  const snapshots = resources.use(new SnapshotWorker(workspace));
  await snapshots.recovered();
  clearIncoming(workspace);
  const trash = new Trash(workspace);
  void trash.empty();
  const commands = resources.use(new CommandsService(workspace, environment));
  const terminals = resources.use(new TerminalsService(workspace, environment));
  const held = resources.move();
  return {
    environment,
    startedAt: new Date(),
    workspace,
    files: new FilesService(workspace, trash),
    content: new ContentService(workspace),
    commands,
    terminals,
    archive: new ArchiveService(workspace, trash),
    processes: new ProcessesService(environment),
    search: new SearchService(workspace),
    watch: new WatchService(workspace),
    snapshots,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
