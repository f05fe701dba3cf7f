#!/usr/bin/env node
import { Interrupts } from './interrupts.ts';
import { runProgram } from './program.ts';
import { rawArguments } from './raw-arguments.ts';

const interrupts = new Interrupts();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupts.receive(signal));
// Writes report their own failures; an 'error' event that nobody hears would end the program.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const { env, stdin, stdout, stderr } = process;
const code = await runProgram(await rawArguments(), { env, stdin, stdout, stderr, interrupts });
// All output is written; what may still be open is a stdin that nobody will end.
process.exit(code);
