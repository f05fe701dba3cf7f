const GRACE_MS = 2000;

/** A command and everything it started that stayed in its group. The leader's pid names it. */
export class ProcessGroup {
  readonly #pid: number;
  #killer: NodeJS.Timeout | null = null;
  #gone = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  send(signal: NodeJS.Signals): void {
    if (this.#gone) return;
    try {
      process.kill(-this.#pid, signal);
    } catch (error) {
      // ESRCH: nobody is left. EPERM: it became another user's (setuid); nothing we can do.
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Asks all to end, and makes them after a grace. */
  end(): void {
    if (this.#killer !== null) return;
    this.send('SIGTERM');
    // A stopped process acts on no other signal.
    this.send('SIGCONT');
    this.#killer = setTimeout(() => this.send('SIGKILL'), GRACE_MS);
  }

  /** The leader is gone: whoever is left goes too, and the number may soon mean another group. */
  leaderGone(): void {
    this.send('SIGKILL');
    this.#gone = true;
    if (this.#killer !== null) clearTimeout(this.#killer);
  }
}
