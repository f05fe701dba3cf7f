import { defineCommand } from '../command.ts';
import { findProject, parseVersionReference } from '../reference.ts';

export const command = defineCommand({
  usage: 'cat P[@VERSION] PATH',
  summary: 'Write a file of the live workspace or of a version to stdout.',
  positionals: ['P', 'PATH'],
  async run(cli, { positionals }) {
    const [reference, path] = positionals as [string, string];
    const { project, version } = parseVersionReference(reference);
    const projectId = await findProject(cli, project);
    const content = await (version === undefined
      ? cli.rose.workspace(projectId).readFile(path, cli.options)
      : cli.rose.versionFile(projectId, version, path, cli.options));
    for await (const chunk of content) await cli.write(chunk);
  },
});
