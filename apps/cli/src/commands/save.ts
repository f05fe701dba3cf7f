import { randomUUID } from 'node:crypto';
import { defineCommand } from '../command.ts';
import { printSave } from '../output/save.ts';
import { withDeedProgress } from '../progress.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'save P [-m MESSAGE] [--full]',
  summary: 'Save the whole workspace as a new version.',
  details: '--full reads and hashes every file, also those that look unchanged.',
  positionals: ['P'],
  options: { message: { type: 'string', short: 'm' }, full: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const input = { projectId, message: values.message, full: values.full, requestId: randomUUID() };
    const save = () => cli.rose.versions.save.mutate(input, cli.options);
    await printSave(cli, await withDeedProgress(cli, projectId, 'Saving', save), 'Saved');
  },
});
