import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { withDeedProgress } from '../progress.ts';
import { findVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'fork P[@VERSION] NAME',
  summary: 'Make a new project of a version; without VERSION of the active one.',
  details: 'P may be shared with you: the fork is yours, and what you did not have yet is copied.',
  positionals: ['P', 'NAME'],
  async run(cli, { positionals }) {
    const [reference, name] = positionals as [string, string];
    const source = await findVersion(cli, reference);
    const fork = () => cli.rose.projects.fork.mutate({ ...source, name }, cli.options);
    const forked = await withDeedProgress(cli, source.projectId, 'Forking', fork);
    await printProject(cli, forked, 'was forked');
  },
});
