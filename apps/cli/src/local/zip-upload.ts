import { open } from 'node:fs/promises';
import { RoseError } from '@rose/contract/errors';
import { localPath } from './names.ts';

/** The first byte of the file of a history: its header's type (docs/store.md §11). */
const HISTORY_BEGINS = 16;

export interface ZipUpload extends AsyncDisposable {
  size: number;
  /** Whether it is the history of a project, and no zip at all. */
  isHistory: boolean;
  /** The content, told piece by piece as it is sent. */
  stream(onBytes: (bytes: number) => void): AsyncIterable<Uint8Array>;
}

/** Opens a zip that is to be sent, so that a wrong name fails before anything is done. */
export async function openZip(file: string): Promise<ZipUpload> {
  const handle = await open(await localPath(file));
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw new RoseError('CONFLICT', `${file} is no file.`);
  }
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0);
  return {
    size: stat.size,
    isHistory: bytesRead === 1 && buffer[0] === HISTORY_BEGINS,
    async *stream(onBytes) {
      let sent = 0;
      for await (const chunk of handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 })) {
        sent += (chunk as Buffer).length;
        onBytes(sent);
        yield chunk as Buffer;
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
