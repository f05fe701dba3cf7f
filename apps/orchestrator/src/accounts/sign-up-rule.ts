import type { Config } from '../config.ts';
import type { Isolation } from '../drivers/runtime/runtime.ts';
import { isLoopback } from '../http/origin.ts';
import type { SignUpRule } from './accounts-service.ts';

/**
 * Who may sign up. A loopback address that a public URL leads to is as open to the world as the
 * URL; without a sandbox, two people's workspaces would lie open to each other.
 */
export function signUpRuleFor(
  config: Pick<Config, 'host' | 'publicUrl'>,
  runtime: { isolation: Isolation } | null,
): SignUpRule {
  if (runtime?.isolation.level === 'none') return 'single-person';
  const reachedAs = config.publicUrl === null ? config.host : new URL(config.publicUrl).hostname;
  return isLoopback(config.host) && isLoopback(reachedAs) ? 'open' : 'first-only';
}
