#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { Interrupts } from './interrupts.ts';
import { xdgDirectory } from './local/xdg.ts';

const { env, stdin, stdout, stderr } = process;
// Halves the start. Not in the temporary directory, where others could put code for us to run.
enableCompileCache(path.join(xdgDirectory(env, 'CACHE'), 'rose'));

const interrupts = new Interrupts();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for a clean end.
    if (interrupts.exitCode !== null) process.exit(interrupts.exitCode);
    interrupts.receive(signal);
  });
}
// Writes report their own failures; an 'error' event that nobody hears would end the program.
for (const stream of [stdout, stderr]) stream.on('error', () => {});

const [{ runProgram }, { rawArguments }] = await Promise.all([import('./program.ts'), import('./raw-arguments.ts')]);
const code = await runProgram(await rawArguments(), { env, stdin, stdout, stderr, interrupts });
// All output is written; what may still be open is a stdin that nobody will end.
process.exit(code);
