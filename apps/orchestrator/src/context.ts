import path from 'node:path';
import { DEFAULT_VERSION_LIMITS } from '@rose/snapshot';
import type { Logger } from 'pino';
import { Access } from './accounts/access.ts';
import { AccountsRepository } from './accounts/accounts-repository.ts';
import { AccountsService } from './accounts/accounts-service.ts';
import { Attempts } from './accounts/attempts.ts';
import { Devices } from './accounts/device.ts';
import { Passwords } from './accounts/passwords.ts';
import { signUpRuleFor } from './accounts/sign-up-rule.ts';
import { TokensRepository } from './accounts/tokens-repository.ts';
import { TokensService } from './accounts/tokens-service.ts';
import { ComparisonsService } from './comparisons/comparisons-service.ts';
import type { Config } from './config.ts';
import { AllowedImages, NO_IMAGES } from './containers/allowed-images.ts';
import { Attendant } from './containers/attendant.ts';
import { startCareRounds } from './containers/care-rounds.ts';
import { ContainersRepository } from './containers/containers-repository.ts';
import { ContainersService } from './containers/containers-service.ts';
import { DiskWatch, spaceOf } from './containers/disk-watch.ts';
import { EndWatch } from './containers/end-watch.ts';
import { Locks } from './containers/locks.ts';
import { Monitor } from './containers/monitor.ts';
import { reconcile } from './containers/reconcile.ts';
import { States } from './containers/states.ts';
import { collectVolumes } from './containers/stray-volumes.ts';
import { ensureInstallation, holdInstallationLock, openDatabase, type Database } from './drivers/database/index.ts';
import { PostgresObjects } from './drivers/objects/postgres-objects.ts';
import { chooseRuntime, type Runtime } from './drivers/runtime/index.ts';
import { LuciaSessions, type Sessions } from './drivers/sessions/index.ts';
import { Cookies } from './http/cookies.ts';
import { NetworkWatch } from './egress/network-watch.ts';
import { RefusalLog } from './egress/refusal-log.ts';
import { startEgress } from './egress/start-egress.ts';
import { MembersRepository } from './projects/members-repository.ts';
import { MembersService } from './projects/members-service.ts';
import { PreviewHosts } from './previews/preview-hosts.ts';
import { Previews } from './previews/previews.ts';
import { PreviewsRepository } from './previews/previews-repository.ts';
import { ProjectAccessRepository } from './projects/project-access-repository.ts';
import { ProjectAccess } from './projects/project-access.ts';
import { ProjectsRepository } from './projects/projects-repository.ts';
import { ProjectsService, UNDELETE_MS } from './projects/projects-service.ts';
import { SearchService } from './search/search-service.ts';
import { SettingsRepository } from './settings/settings-repository.ts';
import { SettingsService } from './settings/settings-service.ts';
import { Collector } from './store/collector.ts';
import { Diagnosis } from './store/diagnosis.ts';
import { Housekeeper } from './store/housekeeper.ts';
import { Quota } from './store/quota.ts';
import { SpaceService } from './store/space.ts';
import { StoreRepository } from './store/store-repository.ts';
import { StoreService } from './store/store-service.ts';
import { Verifier } from './store/verifier.ts';
import { Adoptions } from './versions/adoptions.ts';
import { Exporter } from './versions/export/exporter.ts';
import { Checkpoints } from './versions/checkpoints.ts';
import { Histories } from './versions/history/histories.ts';
import { HistoryRepository } from './versions/history/history-repository.ts';
import { Loader } from './versions/loader.ts';
import { PreSaveHook } from './versions/pre-save-hook.ts';
import { PendingLoads } from './versions/pending-loads.ts';
import { Progress } from './versions/progress.ts';
import { RetentionRepository } from './versions/retention-repository.ts';
import { Saver } from './versions/saver.ts';
import { createTreeCache } from './versions/trees.ts';
import { VersionFiles } from './versions/version-files.ts';
import { VersionsRepository } from './versions/versions-repository.ts';
import { VersionsService } from './versions/versions-service.ts';
import { VersionedWorkspaces } from './versions/workspace-keeper.ts';
import type { Services } from './services.ts';

/** Everything that lives as long as the orchestrator. Disposing it ends the youngest part first. */
export interface Context extends AsyncDisposable {
  config: Config;
  log: Logger;
  cookies: Cookies;
  database: Database;
  runtime: Runtime;
  sessions: Sessions;
  services: Services;
  previews: Previews;
  /** The folder of the built web UI. */
  webBuild: string;
}

export interface ContextOptions {
  log: Logger;
  /** Cancels the start. */
  signal?: AbortSignal;
  /** Called when the orchestrator must stop by itself: another one has taken over its database. */
  onFault: (error: Error) => void;
}

/**
 * Makes and connects all parts: the only place that does.
 * @throws RoseError of the part that cannot start; what had started is stopped.
 */
export async function createContext(config: Config, { log, signal, onFault }: ContextOptions): Promise<Context> {
  await using parts = new AsyncDisposableStack();
  const { databaseUrl, dataDir } = config;
  const hosts = new PreviewHosts(config);
  const database = parts.use(await openDatabase({ databaseUrl, dataDir, log, signal }));
  let isTakenOver = false;
  const onLost = (error: Error): void => {
    isTakenOver = true;
    onFault(error);
  };
  parts.use(await holdInstallationLock(database, { log, onLost }));
  const { prisma } = database;
  const installation = await ensureInstallation(database);
  const runtime = parts.use(await chooseRuntime(config, installation.uuid, log));
  const refusals = new RefusalLog();
  const egress = parts.use(startEgress(config, log, refusals));
  await parts.use(new NetworkWatch({ runtime, proxy: egress, log })).start();

  const sessions = new LuciaSessions(prisma);
  const tokens = new TokensService(new TokensRepository(prisma));
  const images = new AllowedImages(config.images);
  const settings = new SettingsService(
    new SettingsRepository(prisma),
    (projectId, { egress: mode, egressAllow: allow }) => egress.setPolicy(projectId, { mode, allow }),
    (image) => (runtime.name === 'docker' ? images.refusal(image) : NO_IMAGES),
  );
  const settingsOf = (projectId: number) => settings.effectiveProjectSettings(projectId);
  const deeds = new Locks();
  const containersRepository = new ContainersRepository(prisma);
  const states = new States(containersRepository);
  const containers = parts.use(
    new ContainersService({
      repository: containersRepository,
      states,
      runtime,
      egress,
      settingsOf,
      images,
      secretKey: installation.secretKey,
      deeds,
      isTakenOver: () => isTakenOver,
      log,
    }),
  );
  const space = () => spaceOf(runtime.volumesFolder ?? dataDir);
  const disk = new DiskWatch({ containers, runtime, settingsOf, space, log });
  const objects = new PostgresObjects(database.pool);
  const progress = new Progress();
  const versionsRepository = new VersionsRepository(prisma);
  const loads = new PendingLoads(versionsRepository);
  const storeRepository = new StoreRepository(prisma);
  const collector = new Collector(objects, storeRepository);
  const quota = new Quota({ objects, collector, bytes: config.quotaBytes });
  const trees = createTreeCache();
  const saver = new Saver({
    loads,
    objects,
    repository: versionsRepository,
    trees,
    progress,
    limits: DEFAULT_VERSION_LIMITS,
    hook: new PreSaveHook(settingsOf, log),
    quota,
  });
  const loader = new Loader({ objects, repository: versionsRepository, loads, progress });
  const verifier = new Verifier({ objects, repository: storeRepository, trees });
  const diagnosis = new Diagnosis(verifier);
  containers.keeper = new VersionedWorkspaces({
    objects,
    repository: versionsRepository,
    saver,
    loader,
    loads,
    diagnosis,
    log,
  });

  const projectsRepository = new ProjectsRepository(prisma);
  const projectAccess = new ProjectAccess(new ProjectAccessRepository(prisma));
  const monitor = new Monitor({
    states,
    repository: containersRepository,
    runtime,
    settingsOf,
    refusals,
    access: projectAccess,
    projectsOf: async (accountId) => (await projectsRepository.list(accountId)).map(({ id }) => id),
    diskOf: (projectId) => disk.useOf(projectId),
  });
  const store = new StoreService({
    access: projectAccess,
    verifier,
    collector,
    space: new SpaceService(objects, storeRepository, quota.bytes),
    collectVolumes: (isDryRun) => collectVolumes(containersRepository, runtime, isDryRun),
  });

  const checkpoints = new Checkpoints({
    repository: new RetentionRepository(prisma),
    saver,
    quota,
    containers,
    locks: deeds,
    settingsOf,
  });

  const versions = new VersionsService({
    repository: versionsRepository,
    access: projectAccess,
    objects,
    saver,
    loader,
    quota,
    containers,
    locks: deeds,
  });

  const treesOf = (ownerId: number) => saver.treesOf(ownerId);
  const versionFiles = new VersionFiles(versionsRepository, objects, treesOf);
  const adoptions = new Adoptions({ objects, repository: versionsRepository, quota, progress });
  const histories = new Histories({ objects, repository: new HistoryRepository(prisma), quota });

  const access = parts.use(new Access(sessions, tokens));
  const { secretKey } = installation;
  const repository = new PreviewsRepository(prisma);
  const previews = new Previews({ hosts, repository, access, projectAccess, containers, secretKey, log });
  const services: Services = {
    access,
    accounts: new AccountsService({
      repository: new AccountsRepository(prisma),
      sessions,
      passwords: new Passwords(),
      attempts: new Attempts(),
      devices: new Devices(installation.secretKey),
      signUpRule: signUpRuleFor(config, runtime),
    }),
    tokens,
    settings,
    projectAccess,
    members: new MembersService(new MembersRepository(prisma), projectAccess),
    projects: new ProjectsService({
      repository: projectsRepository,
      containers,
      versions,
      histories,
      adoptions,
      access: projectAccess,
    }),
    containers,
    previews: previews.service,
    monitor,
    versions,
    versionFiles,
    exporter: new Exporter(versionsRepository, objects, treesOf),
    checkpoints,
    comparisons: new ComparisonsService({
      repository: versionsRepository,
      saver,
      files: versionFiles,
      containers,
      locks: deeds,
    }),
    search: new SearchService(versionsRepository, objects),
    progress,
    store,
  };
  await reconcile({ repository: containersRepository, states, runtime, log });
  parts.use(new EndWatch(containers, log)).start();
  const attendant = new Attendant({
    containers,
    left: await containersRepository.withContainer(),
    settingsOf,
    autoSave: (projectId) => checkpoints.autoSave(projectId),
    log,
  });
  parts.use(
    startCareRounds({ attendant, disk, repository: containersRepository, runtime, care: containers.care, log }),
  );
  const housekeeper = new Housekeeper({
    purge: () => projectsRepository.purge(new Date(Date.now() - UNDELETE_MS)),
    owners: () => storeRepository.owners(),
    collect: (ownerId, stopping) => collector.collect(ownerId, { signal: stopping }),
    log,
  });
  parts.use(housekeeper).start();

  const owned = parts.move();
  return {
    config,
    log,
    cookies: new Cookies(config.publicUrl),
    database,
    runtime,
    sessions,
    services,
    previews,
    webBuild: path.resolve(import.meta.dirname, '../../web/build'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
