import type { Access } from './accounts/access.ts';
import type { AccountsService } from './accounts/accounts-service.ts';
import type { TokensService } from './accounts/tokens-service.ts';
import type { ComparisonsService } from './comparisons/comparisons-service.ts';
import type { ContainersService } from './containers/containers-service.ts';
import type { Monitor } from './containers/monitor.ts';
import type { PreviewsService } from './previews/previews-service.ts';
import type { MembersService } from './projects/members-service.ts';
import type { ProjectAccess } from './projects/project-access.ts';
import type { ProjectsService } from './projects/projects-service.ts';
import type { SearchService } from './search/search-service.ts';
import type { SettingsService } from './settings/settings-service.ts';
import type { StoreService } from './store/store-service.ts';
import type { Exporter } from './versions/export/exporter.ts';
import type { Checkpoints } from './versions/checkpoints.ts';
import type { Progress } from './versions/progress.ts';
import type { VersionFiles } from './versions/version-files.ts';
import type { VersionsService } from './versions/versions-service.ts';

/** What procedures work with. */
export interface Services {
  access: Access;
  accounts: AccountsService;
  tokens: TokensService;
  settings: SettingsService;
  projectAccess: ProjectAccess;
  members: MembersService;
  projects: ProjectsService;
  containers: ContainersService;
  monitor: Monitor;
  previews: PreviewsService;
  versions: VersionsService;
  versionFiles: VersionFiles;
  exporter: Exporter;
  checkpoints: Checkpoints;
  comparisons: ComparisonsService;
  search: SearchService;
  progress: Progress;
  store: StoreService;
}
