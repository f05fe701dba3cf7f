import type { Project } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { importHistory, importZip } from '../import.ts';
import { openZip, type ZipUpload } from '../local/zip-upload.ts';
import { printProject } from '../output/project.ts';
import { withDeedProgress } from '../progress.ts';

export const command = defineCommand({
  usage: 'project create NAME [--description D] [--from FILE]',
  summary: 'Make a project with a dev container of its own.',
  details:
    'With --from FILE.zip its workspace and its version 1 are what the zip holds; with --from FILE.rose, a history, it has\n' +
    'all versions of the project that was exported.',
  positionals: ['NAME'],
  options: { description: { type: 'string' }, from: { type: 'string' } },
  async run(cli, { values, positionals }) {
    const [name = ''] = positionals;
    await using zip = values.from === undefined ? null : await openZip(values.from);
    const intent = { name, description: values.description };
    if (zip?.isHistory === true) return await printProject(cli, await importHistory(cli, intent, zip), 'is made');
    const made = await cli.rose.projects.create.mutate(intent, cli.options);
    const project = zip === null ? made : await fillOrDelete(cli, made, zip);
    await printProject(cli, project, 'is made');
  },
});

/** A project whose zip was refused is not left behind empty. */
async function fillOrDelete(cli: Cli, { id: projectId }: Project, zip: ZipUpload): Promise<Project> {
  try {
    const { version } = await importZip(cli, projectId, zip);
    const load = () => cli.rose.versions.load.mutate({ projectId, version }, cli.options);
    await withDeedProgress(cli, projectId, 'Loading', load);
    return await cli.rose.projects.get.query({ projectId }, cli.options);
  } catch (error) {
    // Not with the signal: it may be what brought us here.
    await cli.rose.projects.delete.mutate({ projectId });
    throw error;
  }
}
