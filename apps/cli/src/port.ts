import { misuse } from './arguments.ts';
import type { Command } from './command.ts';

/** @throws UsageError for anything but a number from 1 to 65535 */
export function parsePort(command: Pick<Command, 'usage'>, text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw misuse(command, `"${text}" is no port`);
}
