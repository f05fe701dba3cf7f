import type { TokenScope } from '@rose/contract';

/** Who makes a call, and by what right. */
export interface Identity {
  account: { id: number; email: string; name: string; isAdministrator: boolean };
  /** A read-only token may look and not change. */
  scope: TokenScope;
  credential: Credential;
  /** When the credential ends by itself, as known now: use may prolong a session. */
  expiresAt: Date;
}

/** What signed the caller in. The key names it and signs nobody in. */
export interface Credential {
  kind: 'session' | 'token';
  key: string;
}
