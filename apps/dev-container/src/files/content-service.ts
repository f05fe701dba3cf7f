import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { RoseError, type WrittenFile } from '@rose/contract';
import { toText, type Raw } from '@rose/snapshot';
import { refused } from '../failures.ts';
import type { Workspace } from '../workspace.ts';
import { onDiskAsync, quote } from './disk-failures.ts';
import { mtimeNs } from './entries.ts';
import { openFile, readRange } from './read-file.ts';
import { writeFile } from './write-file.ts';

/** Most that one tRPC call carries, bytes; larger content is streamed. */
export const MAX_INLINE_BYTES = 1024 * 1024;

export interface ReadRequest {
  path: Raw;
  encoding: 'auto' | 'utf8' | 'base64';
  /** Bytes from the beginning. */
  offset: number;
  /** Bytes; missing = to the end. */
  length?: number | undefined;
}

export interface FileContent {
  /** Where the file really is: the last name of the path may have been a link. */
  path: string;
  content: string;
  encoding: 'utf8' | 'base64';
  /** Of the whole file, bytes. */
  size: number;
  offset: number;
  /** Of this piece, bytes. */
  length: number;
  /** SHA-256 of the whole file, hex; null when this is only a piece of it. */
  hash: string | null;
  /** 12 permission bits. */
  mode: number;
  mtimeNs: string;
}

export interface InlineWrite {
  path: Raw;
  content: string;
  encoding: 'utf8' | 'base64';
  expectedHash?: string | null | undefined;
}

/** Content of files, as much as fits into one call. */
export class ContentService {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** @throws RoseError TOO_LARGE for more than `MAX_INLINE_BYTES`, INVALID_INPUT for binary read as utf8 */
  async read({ path, encoding, offset, length }: ReadRequest): Promise<FileContent> {
    using file = openFile(this.#workspace, path);
    const { size } = file.stat;
    const wanted = Math.min(length ?? size, Math.max(size - offset, 0));
    if (wanted > MAX_INLINE_BYTES) {
      throw new RoseError('TOO_LARGE', `${quote(path)} has ${size} bytes; one call reads 1 MiB at most: stream it.`);
    }
    const bytes = await onDiskAsync(path, () => readRange(file.fd, offset, wanted));
    const whole = offset === 0 && bytes.length === size;
    return {
      path: toText(file.path),
      ...encode(bytes, encoding, path),
      size,
      offset,
      length: bytes.length,
      hash: whole ? hash('sha256', bytes) : null,
      mode: file.stat.mode,
      mtimeNs: mtimeNs(file.stat),
    };
  }

  /** @throws RoseError as `writeFile` */
  write(request: InlineWrite, signal: AbortSignal = new AbortController().signal): Promise<WrittenFile> {
    const { path, expectedHash } = request;
    return writeFile(this.#workspace, { path, expectedHash, content: once(decode(request)), signal });
  }
}

function encode(
  bytes: Buffer,
  encoding: ReadRequest['encoding'],
  path: Raw,
): Pick<FileContent, 'content' | 'encoding'> {
  const text = encoding !== 'base64' && isUtf8(bytes);
  if (encoding === 'utf8' && !text) throw refused('encoding', `${quote(path)} is not UTF-8 text; read it as base64.`);
  return text
    ? { content: bytes.toString('utf8'), encoding: 'utf8' }
    : { content: bytes.toString('base64'), encoding: 'base64' };
}

function decode({ content, encoding }: InlineWrite): Buffer {
  if (encoding === 'utf8') {
    if (content.isWellFormed()) return Buffer.from(content, 'utf8');
    throw refused('content', 'The text holds a lone surrogate, which UTF-8 cannot; send bytes as base64.');
  }
  const bytes = Buffer.from(content, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') === content.replace(/=+$/, '')) return bytes;
  throw refused('content', 'The content is not base64.');
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
