import type { Readable } from 'node:stream';

/** Longest event of an engine that is believed, bytes. */
const MAX_LINE = 1024 * 1024;

/**
 * The events of an engine's stream, one JSON document a line. Ends with the stream; destroys the
 * stream when the loop over it is left.
 * @throws Error for a line over 1 MiB; SyntaxError for one that is no JSON.
 */
export async function* jsonLines(stream: Readable): AsyncGenerator {
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of stream) {
      rest += decoder.decode(chunk as Buffer, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new Error('The container engine sent a line over 1 MiB.');
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
    }
    if (rest.trim() !== '') yield JSON.parse(rest);
  } finally {
    stream.destroy();
  }
}
