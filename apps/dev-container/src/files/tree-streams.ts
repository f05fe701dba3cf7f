import { RoseError } from '@rose/contract';
import { encodeJsonFrame, FrameParser, joinRaw, splitRaw, TREE_FRAME, type Raw } from '@rose/snapshot';
import { close, makeDirectory, ObstructedError, readTree, statAt, TreeWriter, type Fd } from '@rose/snapshot/disk';
import { z } from 'zod';
import { readBody } from '../body.ts';
import { asRoseError } from '../failures.ts';
import { readQuery } from '../query.ts';
import { write } from '../snapshot/snapshot-streams.ts';
import type { StreamRoute } from '../streams.ts';
import { fromDisk, noSpace, onDisk, diskCode } from './disk-failures.ts';
import { openDirectoryAt } from './locate.ts';
import { rawPathSchema } from './paths.ts';
import { freeBytes } from './space.ts';

const pullQuery = z.strictObject({ path: rawPathSchema });
const pushQuery = z.strictObject({ path: rawPathSchema, delete: z.enum(['0', '1']).default('0') });
const ROOM = 'push';

/** `/-/files.pull`: a directory of the workspace as TREE_FRAMEs. */
export const pullRoute: StreamRoute = {
  role: 'viewer',
  method: 'GET',
  async handle(request, response, agent) {
    const { path } = readQuery(request.url, pullQuery);
    const root = agent.workspace.open();
    let directory: Fd | null = null;
    try {
      directory = openDirectoryAt(root, path);
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (const frames of readTree(directory)) await write(response, frames);
      response.end();
    } catch (error) {
      if (!response.headersSent) throw error;
      response.end(encodeJsonFrame(TREE_FRAME.error, asRoseError(fromDisk(error, path)).toBody()));
    } finally {
      if (directory !== null) close(directory);
      close(root);
    }
  },
};

/** `/-/files.push`: TREE_FRAMEs become a directory of the workspace, made when it is missing; answers StreamTotals. */
export const pushRoute: StreamRoute = {
  role: 'editor',
  method: 'POST',
  async handle(request, response, agent, signal) {
    const query = readQuery(request.url, pushQuery);
    const root = agent.workspace.open();
    const stage = agent.workspace.openOwn(ROOM);
    let directory: Fd | null = null;
    try {
      makeDirectories(root, query.path);
      directory = openDirectoryAt(root, query.path);
      using writer = new TreeWriter({ root: directory, stage, delete: query.delete === '1' });
      await receive(readBody(request, signal), writer);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(writer.totals));
    } catch (error) {
      throw diskCode(error) === 'ENOSPC'
        ? noSpace(0, await freeBytes(agent.workspace.path))
        : fromDisk(error, query.path);
    } finally {
      if (directory !== null) close(directory);
      close(stage);
      close(root);
    }
  },
};

async function receive(body: AsyncIterable<Buffer>, writer: TreeWriter): Promise<void> {
  const parser = new FrameParser();
  for await (const bytes of body) for (const frame of parser.push(bytes)) place(writer, frame);
  parser.end();
  if (writer.totals === null)
    throw new RoseError('CANCELLED', 'The push broke off before its end. What had arrived is in the workspace.');
}

function place(writer: TreeWriter, frame: Parameters<TreeWriter['push']>[0]): void {
  try {
    writer.push(frame);
  } catch (error) {
    if (error instanceof ObstructedError)
      throw new RoseError('CONFLICT', `${error.message} Push with --delete to replace it.`, {}, { cause: error });
    throw fromDisk(error, writer.path);
  }
}

function makeDirectories(root: Fd, path: Raw): void {
  let at = '' as Raw;
  for (const name of splitRaw(path)) {
    const parent = openDirectoryAt(root, at);
    at = joinRaw(at, name);
    try {
      if (statAt(parent, name) === null) onDisk(at, () => makeDirectory(parent, name, 0o755));
    } finally {
      close(parent);
    }
  }
}
