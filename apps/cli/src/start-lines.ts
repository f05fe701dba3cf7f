import type { Cli } from './cli.ts';

/** Starts a dev container, and shows on a terminal what that tells: pulls, builds, devcontainer.json. */
export async function withStartLines<T>(cli: Cli, projectId: number, start: () => Promise<T>): Promise<T> {
  if (cli.io.stderr.isTTY !== true || cli.json) return await start();
  const end = new AbortController();
  const signal = AbortSignal.any([cli.signal, end.signal]);
  // The lines of an earlier start are none of this one.
  const lines = await cli.rose.containers.startLines
    .query({ projectId, fromStart: false }, { signal })
    .catch(() => null);
  const showing = lines === null ? null : show(cli, lines);
  try {
    return await start();
  } finally {
    end.abort();
    await showing;
  }
}

async function show(cli: Cli, lines: AsyncIterable<{ line: string }>): Promise<void> {
  try {
    for await (const { line } of lines) cli.io.stderr.write(`${line}\n`);
  } catch {
    // The start itself tells what went wrong.
  }
}
