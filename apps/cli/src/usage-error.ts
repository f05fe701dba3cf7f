/** A command line that makes no sense: one sentence naming the mistake; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
