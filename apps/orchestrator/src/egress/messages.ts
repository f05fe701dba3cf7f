import type { Refusal } from './refusals.ts';
import type { EgressPolicy, EgressRules } from './rules.ts';

/** What the orchestrator tells the proxy's process. All but the first are answered by `done`. */
export type ToProxy =
  | { kind: 'configure'; rules: EgressRules }
  | { kind: 'listen'; id: number; projectId: number; socketPath: string; policy: EgressPolicy }
  | { kind: 'policy'; id: number; projectId: number; policy: EgressPolicy }
  | { kind: 'close'; id: number; projectId: number };

/** What the proxy's process tells the orchestrator. */
export type FromProxy = { kind: 'done'; id: number; error: string | null } | { kind: 'refused'; refusal: Refusal };
