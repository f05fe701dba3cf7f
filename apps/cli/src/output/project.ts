import type { Project } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { escapeText } from './escape.ts';
import { projectJson } from './json.ts';
import { table } from './table.ts';
import { timeText } from './units.ts';

/** A project as the result of a command: what was done in a sentence, JSON for programs. */
export function printProject(cli: Cli, project: Project, done: string): Promise<void> {
  return cli.print(projectJson(project), `${projectTitle(project)} ${done}.`);
}

/** `Project 7 "shop"` */
export function projectTitle({ id, name }: Project): string {
  return `Project ${id} "${escapeText(name)}"`;
}

export function projectText(project: Project): string {
  const { id, name, description, owner, role, state, stateReason, runtime, activeVersion, createdAt } = project;
  const lines = {
    id: String(id),
    name: escapeText(name),
    description: escapeText(description),
    owner: escapeText(owner),
    role,
    state: stateReason === null ? state : `${state}: ${escapeText(stateReason)}`,
    runtime: runtime ?? '-',
    version: activeVersion === null ? '-' : String(activeVersion),
    created: timeText(createdAt),
  };
  return Object.entries(lines)
    .map(([key, value]) => `${`${key}:`.padEnd(13)}${value}`.trimEnd())
    .join('\n');
}

export function projectsText(projects: Project[]): string {
  const rows = projects.map(({ id, name, state, activeVersion, owner, role }) => [
    String(id),
    escapeText(name),
    state,
    activeVersion === null ? '-' : String(activeVersion),
    role,
    escapeText(owner),
  ]);
  return table(
    [
      { title: 'ID', align: 'right' },
      { title: 'NAME' },
      { title: 'STATE' },
      { title: 'VERSION', align: 'right' },
      { title: 'ROLE' },
      { title: 'OWNER' },
    ],
    rows,
  );
}
