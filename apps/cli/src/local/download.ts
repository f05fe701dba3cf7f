import { randomUUID } from 'node:crypto';
import { open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { localPath } from './names.ts';

/**
 * Writes a stream to a file, which appears whole or stays as it was; a link is followed. A
 * device or FIFO is written to directly.
 * @returns its bytes
 */
export async function download(
  content: AsyncIterable<Uint8Array>,
  file: string,
  onBytes: (bytes: number) => void,
): Promise<number> {
  const named = Buffer.from(await localPath(file));
  const existing = await stat(named).catch(nullIfMissing);
  if (existing !== null && !existing.isFile()) {
    await using handle = await open(named, 'w');
    return await copy(content, handle, onBytes);
  }
  const target = existing === null ? named : await realpath(named, { encoding: 'buffer' });
  const fresh = Buffer.concat([target.subarray(0, target.lastIndexOf('/') + 1), Buffer.from(`.rose-${randomUUID()}`)]);
  try {
    await using handle = await open(fresh, 'wx');
    const bytes = await copy(content, handle, onBytes);
    await rename(fresh, target);
    return bytes;
  } catch (error) {
    await unlink(fresh).catch(nullIfMissing);
    throw error;
  }
}

async function copy(
  content: AsyncIterable<Uint8Array>,
  handle: FileHandle,
  onBytes: (bytes: number) => void,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
    bytes += chunk.length;
    onBytes(bytes);
  }
  return bytes;
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
