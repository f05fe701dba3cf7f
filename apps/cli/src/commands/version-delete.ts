import { defineCommand } from '../command.ts';
import { findProject, parseVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'version delete P N',
  summary: 'Delete a version; its space comes back with the next gc.',
  positionals: ['P', 'N'],
  async run(cli, { positionals }) {
    const [reference, number] = positionals as [string, string];
    const version = parseVersion(number);
    const projectId = await findProject(cli, reference);
    await cli.rose.versions.delete.mutate({ projectId, version }, cli.options);
    await cli.print({ version }, `Deleted version ${version}.`);
  },
});
