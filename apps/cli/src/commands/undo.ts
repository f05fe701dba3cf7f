import { defineCommand } from '../command.ts';
import { printLoad } from '../output/load.ts';
import { withDeedProgress } from '../progress.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'undo P',
  summary: 'Undo the last load; again, redo it.',
  positionals: ['P'],
  async run(cli, { positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    const undo = () => cli.rose.versions.undo.mutate({ projectId }, cli.options);
    await printLoad(cli, await withDeedProgress(cli, projectId, 'Undoing', undo));
  },
});
