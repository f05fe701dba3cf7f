import { readFile } from 'node:fs/promises';

/**
 * The arguments of the program. Node turns bytes outside UTF-8 into U+FFFD; Linux still has
 * them, and names of files may hold them.
 */
export async function rawArguments(): Promise<string[]> {
  const given = process.argv.slice(2);
  if (process.platform !== 'linux' || !given.some((argument) => argument.includes('\ufffd'))) return given;
  const { decodeName } = await import('@rose/snapshot');
  const all = (await readFile('/proc/self/cmdline', 'latin1')).split('\0').slice(0, -1);
  return all.slice(-given.length).map((argument) => decodeName(Buffer.from(argument, 'latin1')));
}
