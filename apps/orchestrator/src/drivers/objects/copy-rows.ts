/**
 * Rows of a `COPY … TO STDOUT (FORMAT binary)`: PostgreSQL's documented binary format. pg's own
 * result path would turn every bytea into a hex string of twice its size.
 */

const SIGNATURE_BYTES = 11;
const HEADER_BYTES = SIGNATURE_BYTES + 8;
const END_OF_ROWS = -1;

/** Fields of each row, as raw bytes; null for NULL. Holds one row and one input piece. */
export async function* copyRows(source: AsyncIterable<Buffer>): AsyncGenerator<(Buffer | null)[]> {
  let data: Buffer = Buffer.alloc(0);
  let isStarted = false;
  const pieces: Buffer[] = [];
  let buffered = 0;
  let needed = HEADER_BYTES;
  for await (const piece of source) {
    pieces.push(piece);
    buffered += piece.length;
    if (buffered < needed) continue;
    data = pieces.length === 1 ? piece : Buffer.concat(pieces, buffered);
    if (!isStarted) {
      data = data.subarray(HEADER_BYTES + data.readUInt32BE(SIGNATURE_BYTES + 4));
      isStarted = true;
    }
    for (;;) {
      const row = readRow(data);
      if (typeof row === 'number') {
        needed = row;
        break;
      }
      if (row.fields === null) return;
      yield row.fields;
      data = data.subarray(row.length);
    }
    pieces.length = 0;
    pieces.push(data);
    buffered = data.length;
  }
}

/** A whole row, or how many bytes are needed at least to go on. */
function readRow(data: Buffer): number | { fields: (Buffer | null)[] | null; length: number } {
  if (data.length < 2) return 2;
  const count = data.readInt16BE(0);
  if (count === END_OF_ROWS) return { fields: null, length: 2 };
  const fields: (Buffer | null)[] = [];
  let at = 2;
  for (let index = 0; index < count; index += 1) {
    if (data.length < at + 4) return at + 4;
    const length = data.readInt32BE(at);
    at += 4;
    if (length < 0) {
      fields.push(null);
      continue;
    }
    if (data.length < at + length) return at + length;
    fields.push(data.subarray(at, at + length));
    at += length;
  }
  return { fields, length: at };
}
