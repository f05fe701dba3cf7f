/**
 * A name from the command line as the file system takes it. In text a byte outside UTF-8 is
 * U+DC00+byte; the codec is loaded only for the rare name that has one.
 */
export async function localPath(name: string): Promise<string | Buffer> {
  if (name.isWellFormed()) return name;
  const { encodeName } = await import('@rose/snapshot');
  return encodeName(name);
}
