import { defineCommand } from '../command.ts';
import { printProject } from '../output/project.ts';
import { findProject, parseVersionReference } from '../reference.ts';

export const command = defineCommand({
  usage: 'fork P[@VERSION] NAME',
  summary: 'Make a new project of a version; without VERSION of the active one.',
  positionals: ['P', 'NAME'],
  async run(cli, { positionals }) {
    const [reference, name] = positionals as [string, string];
    const { project, version } = parseVersionReference(reference);
    const projectId = await findProject(cli, project);
    const forked = await cli.rose.projects.fork.mutate({ projectId, version, name }, cli.options);
    await printProject(cli, forked, 'was forked');
  },
});
