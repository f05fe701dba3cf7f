import path from 'node:path';
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
import type { Config } from './config.ts';
import { ensureInstallation, holdInstallationLock, openDatabase, type Database } from './drivers/database/index.ts';
import type { Runtime } from './drivers/runtime/runtime.ts';
import { LuciaSessions, type Sessions } from './drivers/sessions/index.ts';
import { Cookies } from './http/cookies.ts';
import { OwnersOnly, type ProjectAccess } from './projects/project-access.ts';
import { SettingsRepository } from './settings/settings-repository.ts';
import { SettingsService } from './settings/settings-service.ts';

const WEB_BUILD = path.resolve(import.meta.dirname, '../../web/build');

/** What procedures work with. */
export interface Services {
  access: Access;
  accounts: AccountsService;
  tokens: TokensService;
  settings: SettingsService;
  projectAccess: ProjectAccess;
}

/** Everything that lives as long as the orchestrator. Disposing it ends the youngest part first. */
export interface Context extends AsyncDisposable {
  config: Config;
  log: Logger;
  cookies: Cookies;
  database: Database;
  runtime: Pick<Runtime, 'name' | 'isolation'> | null;
  sessions: Sessions;
  services: Services;
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
  const database = parts.use(await openDatabase({ databaseUrl, dataDir, log, signal }));
  parts.use(await holdInstallationLock(database, { log, onLost: onFault }));
  const { prisma } = database;
  const installation = await ensureInstallation(database);
  const runtime = null;

  const sessions = new LuciaSessions(prisma);
  const tokens = new TokensService(new TokensRepository(prisma));
  const services: Services = {
    access: parts.use(new Access(sessions, tokens)),
    accounts: new AccountsService({
      repository: new AccountsRepository(prisma),
      sessions,
      passwords: new Passwords(),
      attempts: new Attempts(),
      devices: new Devices(installation.secretKey),
      signUpRule: signUpRuleFor(config, runtime),
    }),
    tokens,
    settings: new SettingsService(new SettingsRepository(prisma)),
    projectAccess: new OwnersOnly(prisma),
  };

  const owned = parts.move();
  return {
    config,
    log,
    cookies: new Cookies(config.publicUrl),
    database,
    runtime,
    sessions,
    services,
    webBuild: WEB_BUILD,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
