import type { Account } from '@rose/contract';

/** Who is signed in, as far as this page knows. */
class Session {
  /** undefined: not asked yet; null: nobody. */
  account = $state.raw<Account | null>();

  begin(account: Account): void {
    this.account = account;
  }

  end(): void {
    this.account = null;
  }
}

export const session = new Session();
