import { COMMAND_VARIABLE } from '@rose/contract';

/** A project's environment as the agent's own environment carries it: for commands, not for the agent. */
export function commandVariables(environment: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [`${COMMAND_VARIABLE}${name}`, value]));
}
