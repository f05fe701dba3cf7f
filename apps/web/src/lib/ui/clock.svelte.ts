const TICK_MS = 20_000;

/** The time, for what shows ages. */
class Clock {
  /** Milliseconds since 1970, a few seconds old at most. */
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), TICK_MS);
  }
}

export const clock = new Clock();
