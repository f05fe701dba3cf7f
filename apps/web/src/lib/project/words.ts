import type { ProjectState, VersionKind } from '@rose/contract';
import type { Tone } from '#lib/ui/Badge.svelte';

/** How each state of a project is shown. */
export const STATES: Record<ProjectState, { label: string; tone: Tone; isMoving?: boolean; meaning: string }> = {
  absent: { label: 'New', tone: 'neutral', meaning: 'No dev container has been made yet.' },
  starting: { label: 'Starting', tone: 'info', isMoving: true, meaning: 'The dev container is being started.' },
  running: { label: 'Running', tone: 'success', meaning: 'The dev container runs.' },
  paused: { label: 'Paused', tone: 'neutral', meaning: 'The dev container is paused and wakes at the next use.' },
  stopping: { label: 'Stopping', tone: 'info', isMoving: true, meaning: 'Work is saved, then the container stops.' },
  asleep: { label: 'Asleep', tone: 'neutral', meaning: 'The dev container is stopped and wakes at the next use.' },
  'needs-attention': {
    label: 'Needs attention',
    tone: 'warning',
    meaning: 'The project cannot be used until you decide.',
  },
};

/** Where a version came from. */
export const KINDS: Record<VersionKind, { label: string; tone: Tone; meaning: string }> = {
  manual: { label: 'Saved', tone: 'success', meaning: 'Somebody saved it.' },
  'auto-save': { label: 'Auto-save', tone: 'neutral', meaning: 'RoSE saved it while something had changed.' },
  'before-load': { label: 'Before load', tone: 'neutral', meaning: 'Unsaved work, kept before a version was loaded.' },
  'on-stop': { label: 'On stop', tone: 'neutral', meaning: 'Unsaved work, kept when the dev container stopped.' },
  recovered: { label: 'Recovered', tone: 'warning', meaning: 'Work that was found in a container and kept.' },
  import: { label: 'Import', tone: 'info', meaning: 'From a zip archive.' },
  fork: { label: 'Fork', tone: 'info', meaning: 'The state that this project was forked from.' },
};

const MOST_TITLE = 60;

/** "Version 3: The first line of its message" */
export function titleOf(version: number, message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  const title = line.length > MOST_TITLE ? `${line.slice(0, MOST_TITLE)}…` : line;
  return title === '' ? `Version ${version}` : `Version ${version}: ${title}`;
}
