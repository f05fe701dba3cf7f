/**
 * Sessions of people. The id is the secret that signs in: it is made here, handed out once,
 * and only its SHA-256 is stored. That digest is the session's `key`: it names the session
 * in lists, logs and events, and signs nobody in.
 *
 * Failures of the database pass through as drivers/database knows them (translateDatabaseError).
 */
export interface Sessions {
  /** Opens a session under a fresh id of 160 random bits, and forgets the account's expired and its oldest surplus ones. */
  create(accountId: number, userAgent: string | null): Promise<NewSession>;
  /** The session of an id, or null when it never was, has ended or has expired. Use prolongs it, up to SESSION_LIFE_DAYS. */
  find(id: string): Promise<FoundSession | null>;
  /** The sessions of an account that still sign in, newest first. */
  list(accountId: number): Promise<Session[]>;
  /** Ends one session of an account; false when the account has no such session. */
  end(accountId: number, key: string): Promise<boolean>;
  /** Ends all sessions of an account but one. */
  endOthers(accountId: number, keptKey: string | null): Promise<void>;
  /**
   * Calls back with the key of each session that this process ends, after the database has
   * forgotten it: long-lived streams of that session close then. Expiry is not told.
   */
  onEnded(listener: (key: string) => void): Disposable;
}

export interface Session {
  key: string;
  accountId: number;
  userAgent: string | null;
  createdAt: Date;
  /** When it ends unless it is used before. */
  expiresAt: Date;
}

export interface NewSession {
  /** The secret: goes to its owner and nowhere else. */
  id: string;
  key: string;
}

export interface FoundSession extends Session {
  account: { id: number; email: string; name: string; isAdministrator: boolean };
}

/** Days without use after which a session ends. */
export const SESSION_IDLE_DAYS = 30;
/** Days after which a session ends whatever its use. */
export const SESSION_LIFE_DAYS = 90;
/** Sessions kept for one account; the oldest go first. */
export const SESSIONS_PER_ACCOUNT = 100;
