import { readFileSync } from 'node:fs';

/**
 * The shell scripts of the process runtime, as text: a sandbox cannot read them where they lie.
 * @returns the beginning of a command; arguments follow.
 */
function script(name: string, shell = '/bin/sh'): string[] {
  return [shell, '-c', readFileSync(new URL(`scripts/${name}.sh`, import.meta.url), 'utf8'), `rose-${name}`];
}

export const KEEPER = script('keeper');
/** Only bash can close a descriptor of more than one digit. */
export const JOIN = script('join', '/bin/bash');
export const STAGE = script('stage');
export const INSIDE = script('inside');
export const START = script('start');
export const CHECK = script('check');
export const EMPTY = script('empty');
