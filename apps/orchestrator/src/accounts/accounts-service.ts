import { notFound, RoseError, type Account, type SessionView } from '@rose/contract';
import { isUniqueViolation } from '../drivers/database/index.ts';
import type { NewSession, Sessions } from '../drivers/sessions/index.ts';
import type { AccountsRepository, User } from './accounts-repository.ts';
import type { Attempts } from './attempts.ts';
import type { Devices } from './device.ts';
import type { Identity } from './identity.ts';
import type { Passwords } from './passwords.ts';

/** From where somebody knocks. */
export interface Visitor {
  address: string;
  userAgent: string | null;
  /** The device cookie, if he has one. */
  device: string | null;
}

export interface SignedIn {
  account: Account;
  session: NewSession;
  /** A new device cookie. */
  device: string;
}

/**
 * Whether a person may make an account: always, only the first one ever, or the first one of an
 * installation that cannot keep two people apart.
 */
export type SignUpRule = 'open' | 'first-only' | 'single-person';

interface Parts {
  repository: AccountsRepository;
  sessions: Sessions;
  passwords: Passwords;
  attempts: Attempts;
  devices: Devices;
  signUpRule: SignUpRule;
}

/** Signing up, signing in, signing out, and the password. */
export class AccountsService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Makes an account and signs it in.
   * @throws RoseError SIGN_UP_CLOSED, WEAK_PASSWORD, EMAIL_TAKEN
   */
  async signUp(input: { email: string; name: string; password: string }, visitor: Visitor): Promise<SignedIn> {
    const { repository, passwords, signUpRule } = this.#parts;
    const { email, name, password } = input;
    const mayFollow = signUpRule === 'open';
    if (!mayFollow && (await repository.count()) > 0) throw signUpClosed(signUpRule);
    passwords.refuseWeak(password, email);
    if ((await repository.findByEmail(email)) !== null) throw emailTaken(email);
    const passwordHash = await passwords.hash(password);
    try {
      const user = await repository.create({ email, name, passwordHash }, mayFollow);
      if (user === null) throw signUpClosed(signUpRule);
      return await this.#open(user, visitor);
    } catch (error) {
      throw isUniqueViolation(error) ? emailTaken(email) : error;
    }
  }

  /**
   * Opens a session; the one that the caller came with, if any, ends.
   * @throws RoseError WRONG_CREDENTIALS (never says which), TOO_MANY_REQUESTS
   */
  async signIn(
    input: { email: string; password: string },
    visitor: Visitor,
    before: Identity | null,
  ): Promise<SignedIn> {
    const { repository, sessions, passwords, attempts, devices } = this.#parts;
    const { email, password } = input;
    const device = devices.recognise(visitor.device, email);
    const attempt = attempts.count({ email, address: visitor.address, device });
    const user = await repository.findByEmail(email);
    const isRight = await passwords.matches(user?.passwordHash ?? null, password);
    if (user === null || !isRight) throw wrongCredentials();
    attempt.forgive();

    const signedIn = await this.#open(user, visitor);
    // The password may have been changed while it was checked: then this session must not outlive it.
    const now = await repository.findById(user.id);
    if (now?.passwordHash !== user.passwordHash) {
      await sessions.end(user.id, signedIn.session.key);
      throw wrongCredentials();
    }
    if (before?.credential.kind === 'session') await sessions.end(before.account.id, before.credential.key);
    return signedIn;
  }

  me({ account: { id, email, name } }: Identity): Account {
    return { id, email, name };
  }

  /** Ends the session that the caller uses; a token is revoked, not signed out. */
  async signOut(identity: Identity): Promise<void> {
    if (identity.credential.kind === 'token') {
      throw new RoseError('FORBIDDEN', 'An API token cannot sign out. Revoke it instead (rose token revoke).');
    }
    await this.#parts.sessions.end(identity.account.id, identity.credential.key);
  }

  /**
   * Sets a new password and ends the other sessions. API tokens stay: they are listed and revoked one by one.
   * @throws RoseError FORBIDDEN for a token, WRONG_CREDENTIALS, WEAK_PASSWORD, TOO_MANY_REQUESTS
   */
  async changePassword(identity: Identity, input: { current: string; next: string }, visitor: Visitor): Promise<void> {
    const { repository, sessions, passwords, attempts } = this.#parts;
    const { account, credential } = identity;
    if (credential.kind === 'token') {
      throw new RoseError('FORBIDDEN', 'An API token cannot change the password. Sign in with it instead.');
    }
    passwords.refuseWeak(input.next, account.email);
    const attempt = attempts.count({ email: account.email, address: visitor.address, device: credential.key });
    const user = await repository.findById(account.id);
    const isRight = await passwords.matches(user?.passwordHash ?? null, input.current);
    if (user === null || !isRight) throw new RoseError('WRONG_CREDENTIALS', 'The current password is wrong.');
    attempt.forgive();
    const next = await passwords.hash(input.next);
    if (!(await repository.replacePasswordHash(account.id, user.passwordHash, next))) {
      throw new RoseError('CONFLICT', 'The password was changed at the same time. Sign in again.');
    }
    await sessions.endOthers(account.id, credential.key);
  }

  async listSessions({ account, credential }: Identity): Promise<SessionView[]> {
    const sessions = await this.#parts.sessions.list(account.id);
    return sessions.map(({ key, userAgent, createdAt, expiresAt }) => ({
      id: key,
      current: key === credential.key,
      userAgent,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    }));
  }

  /** @throws RoseError NOT_FOUND */
  async endSession({ account }: Identity, key: string): Promise<void> {
    if (!(await this.#parts.sessions.end(account.id, key))) throw notFound('such session');
  }

  /** A fresh session: never one whose id somebody could have planted before. */
  async #open(user: User, visitor: Visitor): Promise<SignedIn> {
    const session = await this.#parts.sessions.create(user.id, visitor.userAgent);
    const account = { id: user.id, email: user.email, name: user.name };
    return { account, session, device: this.#parts.devices.issue(user.email) };
  }
}

function wrongCredentials(): RoseError<'WRONG_CREDENTIALS'> {
  return new RoseError('WRONG_CREDENTIALS', 'The e-mail address or the password is wrong.');
}

function emailTaken(email: string): RoseError<'EMAIL_TAKEN'> {
  return new RoseError('EMAIL_TAKEN', `There is an account for ${email} already. Sign in instead.`);
}

function signUpClosed(rule: SignUpRule): RoseError<'SIGN_UP_CLOSED'> {
  const why =
    rule === 'single-person'
      ? 'This machine offers no sandbox, so this installation is for one account.'
      : 'This installation is open to a network, so only its first account could sign up.';
  return new RoseError('SIGN_UP_CLOSED', `Sign-up is closed. ${why}`);
}
