import type { Environment } from '../environment.ts';

export const PROXY_PORT = 3128;
const PROXY = `http://127.0.0.1:${PROXY_PORT}`;
const DEFAULT_PATH = '/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin';

/** Where the way out is the orchestrator's proxy: what makes npm, git, curl, pip and Node use it. */
const PROXY_VARIABLES = {
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY: 'localhost,127.0.0.1,::1',
  no_proxy: 'localhost,127.0.0.1,::1',
  NODE_USE_ENV_PROXY: '1',
};

/** What every command finds in its environment; a caller's own variables come on top. */
export function commandEnvironment({ home, egressSocket, inherited, project }: Environment): Record<string, string> {
  return {
    PATH: DEFAULT_PATH,
    LANG: 'C.UTF-8',
    ...(egressSocket === null ? {} : PROXY_VARIABLES),
    ...inherited,
    ...project,
    HOME: home,
    USER: 'dev',
    LOGNAME: 'dev',
  };
}
