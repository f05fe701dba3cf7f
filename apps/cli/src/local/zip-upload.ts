import { open } from 'node:fs/promises';
import { RoseError } from '@rose/contract/errors';
import { localPath } from './names.ts';

export interface ZipUpload extends AsyncDisposable {
  size: number;
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
  return {
    size: stat.size,
    async *stream(onBytes) {
      let sent = 0;
      for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 })) {
        sent += (chunk as Buffer).length;
        onBytes(sent);
        yield chunk as Buffer;
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
