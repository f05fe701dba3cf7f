import type { Project, Version } from '@rose/contract';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { pathsIn } from '#lib/paths.ts';
import type { LoadWish } from './load.svelte.ts';

/** Versions that can be chosen from; the newest. */
const MOST = 200;

/** What is to be taken out of another project. */
export class Take {
  /** Those that have something saved. */
  readonly projects: Resource<Project[]>;
  /** Of the chosen project, the newest first. */
  readonly versions: Resource<Version[]>;
  /** '' while none is chosen. */
  projectId = $state('');
  version = $state('');
  /** One a line. */
  paths = $state('');

  constructor(into: number) {
    this.projects = new Resource(async (signal) => {
      const all = await rose.projects.list.query(undefined, { signal });
      return all.filter(({ id, activeVersion }) => id !== into && activeVersion !== null);
    });
    this.versions = new Resource(async (signal) => {
      const projectId = Number(this.projectId);
      return (await rose.versions.list.query({ projectId, limit: MOST }, { signal })).toReversed();
    });
  }

  /** Begins with the active version of that project. */
  choose = (projectId: string): void => {
    this.projectId = projectId;
    this.version = String(this.#project?.activeVersion ?? '');
    this.versions.clear();
    if (projectId !== '') void this.versions.load();
  };

  /** null while something is missing. */
  get wish(): LoadWish | null {
    const project = this.#project;
    const paths = pathsIn(this.paths);
    if (project === undefined || this.version === '' || paths.length === 0) return null;
    return { version: Number(this.version), paths, from: { projectId: project.id, name: project.name } };
  }

  close(): void {
    this.projects.stop();
    this.versions.stop();
  }

  get #project(): Project | undefined {
    return this.projects.value?.find(({ id }) => String(id) === this.projectId);
  }
}
