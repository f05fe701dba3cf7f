import { errorFromBody, RoseError } from '@rose/contract/errors';
import { decodeJson, readFrames, TREE_FRAME, type StreamTotals } from '@rose/snapshot';
import { TreeWriter } from '@rose/snapshot/disk';

/**
 * Writes a tree that comes from a workspace below an open directory.
 * @throws RoseError when the stream tells a failure or breaks off
 */
export async function writeTree(
  tree: AsyncIterable<Uint8Array>,
  root: number,
  onBytes: (bytes: number) => void,
): Promise<StreamTotals> {
  // Files grow in the directory itself: it surely is on the file system where they belong.
  using writer = new TreeWriter({ root, stage: root, delete: false });
  for await (const frame of readFrames(counted(tree, onBytes))) {
    if (frame.type === TREE_FRAME.error) throw errorFromBody(decodeJson(frame.payload)) ?? brokenOff();
    writer.push(frame);
  }
  if (writer.totals === null) throw brokenOff();
  return writer.totals;
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    onBytes(bytes);
    yield piece;
  }
}

function brokenOff(): RoseError {
  return new RoseError('AGENT_UNAVAILABLE', 'The dev container broke off in the middle of the tree; try again.');
}
