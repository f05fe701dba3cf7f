import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import koffi from 'koffi';
import { RoseError } from '@rose/contract';

/**
 * Real pipes for stdin, stdout and stderr. Node gives children sockets instead, and a program
 * that opens /dev/stdout or /dev/stderr (shell scripts do) fails on a socket with ENXIO.
 */

const O_CLOEXEC = 0o2000000;
const libc = koffi.load('libc.so.6');
const pipe2 = libc.func('int pipe2(_Out_ int *ends, int flags)');

/** A pipe between the agent and a command. */
export interface Pipe {
  /** The agent's end. */
  stream: Socket;
  /** The command's end, a descriptor; closed here once the command has it. */
  theirs: number;
}

/** The command reads, the agent writes. */
export function pipeToCommand(): Pipe {
  const [readEnd, writeEnd] = openPipe();
  return { stream: new Socket({ fd: writeEnd, readable: false, writable: true }), theirs: readEnd };
}

/** The command writes, the agent reads. */
export function pipeFromCommand(): Pipe {
  const [readEnd, writeEnd] = openPipe();
  return { stream: new Socket({ fd: readEnd, readable: true, writable: false }), theirs: writeEnd };
}

export function closeTheirs(pipes: Pipe[]): void {
  for (const { theirs } of pipes) closeSync(theirs);
}

function openPipe(): [number, number] {
  const ends = [0, 0];
  if ((pipe2(ends, O_CLOEXEC) as number) !== 0) {
    throw new RoseError('BUSY', 'Too many files are open in the container; try again.');
  }
  return [ends[0]!, ends[1]!];
}
