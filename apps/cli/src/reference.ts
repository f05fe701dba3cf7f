import type { Project } from '@rose/contract';
import { notFound, RoseError } from '@rose/contract/errors';
import type { Cli } from './cli.ts';
import { UsageError } from './usage-error.ts';

const MAX_ID = 2_147_483_647;

/** `P@VERSION`, where the version may be missing. @throws UsageError */
export function parseVersionReference(text: string): { project: string; version: number | undefined } {
  const { before, after } = cut(text, '@');
  return { project: named(before, text), version: after === undefined ? undefined : parseVersion(after) };
}

/** `P:PATH`, where the path may be missing: the root. @throws UsageError */
export function parsePathReference(text: string): { project: string; path: string } {
  const { before, after = '' } = cut(text, ':');
  return { project: named(before, text), path: after };
}

/** @throws UsageError for anything but a number from 1 */
export function parseVersion(text: string): number {
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (version < 1 || version > MAX_ID) throw new UsageError(`A version is a number from 1, not "${text}".`);
  return version;
}

/** The id of a project given by id or name. @throws RoseError NOT_FOUND, CONFLICT when a name is not unique */
export async function findProject(cli: Cli, reference: string): Promise<number> {
  return idOf(reference) ?? chooseProject(await cli.rose.projects.list.query(undefined, cli.options), reference).id;
}

/** `P@VERSION` as the API takes it, where the version may be missing. @throws as `findProject`, UsageError */
export async function findVersion(
  cli: Cli,
  reference: string,
): Promise<{ projectId: number; version: number | undefined }> {
  const { project, version } = parseVersionReference(reference);
  return { projectId: await findProject(cli, project), version };
}

/** As `findProject`, among the deleted ones that can still come back. */
export async function findDeletedProject(cli: Cli, reference: string): Promise<number> {
  return (
    idOf(reference) ?? chooseProject(await cli.rose.projects.listDeleted.query(undefined, cli.options), reference).id
  );
}

/** One's own project of that name, else the only shared one. */
export function chooseProject(projects: Project[], name: string): Project {
  const all = projects.filter((project) => project.name === name);
  const own = all.filter(({ role }) => role === 'owner');
  const [found, ...others] = own.length > 0 ? own : all;
  if (found === undefined) throw notFound(`project "${name}"`);
  if (others.length === 0) return found;
  const ids = [found, ...others].map(({ id, owner }) => `${id} (${owner})`).join(', ');
  throw new RoseError('CONFLICT', `Several projects are called "${name}": ${ids}. Name the one by its id.`);
}

function idOf(reference: string): number | null {
  if (!/^\d+$/.test(named(reference, reference))) return null;
  const id = Number(reference);
  if (id < 1 || id > MAX_ID) throw notFound(`project ${reference}`);
  return id;
}

/** Names have neither @ nor :, so the first one ends the name. */
function cut(text: string, mark: string): { before: string; after: string | undefined } {
  const at = text.indexOf(mark);
  return at < 0 ? { before: text, after: undefined } : { before: text.slice(0, at), after: text.slice(at + 1) };
}

function named(project: string, text: string): string {
  if (project === '') throw new UsageError(`"${text}" names no project.`);
  return project;
}
