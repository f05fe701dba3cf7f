import { COMMAND_VARIABLE, RoseError } from '@rose/contract';

/** What the agent was started with. */
export interface Environment {
  /** Path of the unix socket to serve on. */
  agentSocket: string;
  /** The orchestrator's egress proxy; null where the container has a network of its own. */
  egressSocket: string | null;
  /** Each call must carry it. */
  secret: string;
  /** Build key of this agent, told by `status`. */
  build: string;
  /** Home of commands; holds workspace/ (the versioned tree) and .rose/ (the agent's own). */
  home: string;
  /** Load every module, write the compile cache and end. */
  warm: boolean;
  /** What commands inherit from the container. */
  inherited: Record<string, string>;
  /** What the project sets for its commands; nothing of it is for the agent. */
  project: Record<string, string>;
}

/** The agent's own; a user's Node must not write into the agent's compile cache. */
const OWN = /^(ROSE_.*|NODE_COMPILE_CACHE|MALLOC_ARENA_MAX)$/;

/**
 * Reads the environment; the only place that does. The secret is taken out of it, so that
 * no child process inherits it.
 * @throws RoseError INVALID_INPUT naming the variable that is missing.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const warm = env.ROSE_AGENT_WARM === '1';
  const variables = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const environment = {
    agentSocket: warm ? '' : required(env, 'ROSE_AGENT_SOCKET'),
    egressSocket: env.ROSE_EGRESS_SOCKET || null,
    secret: warm ? '' : required(env, 'ROSE_AGENT_SECRET'),
    build: env.ROSE_AGENT_BUILD ?? 'development',
    home: warm ? '' : required(env, 'ROSE_HOME'),
    warm,
    inherited: Object.fromEntries(variables.filter(([name]) => !OWN.test(name))),
    project: Object.fromEntries(
      variables
        .filter(([name]) => name.startsWith(COMMAND_VARIABLE))
        .map(([name, value]) => [name.slice(COMMAND_VARIABLE.length), value]),
    ),
  };
  delete env.ROSE_AGENT_SECRET;
  return environment;
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  const message = `The agent needs ${name} in its environment.`;
  throw new RoseError('INVALID_INPUT', message, { issues: [{ path: name, message }] });
}
