import { defineCommand } from '../command.ts';
import { openDirectory } from '../local/directory.ts';
import { treePieces } from '../local/tree-upload.ts';
import { printTransfer } from '../output/transfer.ts';
import { Progress } from '../progress.ts';
import { findProject, parsePathReference } from '../reference.ts';

export const command = defineCommand({
  usage: 'push DIR P[:PATH] [--delete]',
  summary: 'Copy the contents of a directory into the workspace.',
  details:
    'Everything is copied, whatever ignore files say, with modes, times and links. What is there is overwritten;\n' +
    'nothing is deleted, unless --delete is given: then what DIR does not have goes.',
  positionals: ['DIR', 'P'],
  options: { delete: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const [directory, reference] = positionals as [string, string];
    const { project, path } = parsePathReference(reference);
    using root = await openDirectory(directory);
    const projectId = await findProject(cli, project);
    using progress = new Progress(cli, 'Pushing');
    const pieces = treePieces(root.fd, (bytes) => progress.showBytes(bytes));
    const options = { ...cli.options, delete: values.delete };
    const pushed = await cli.rose.workspace(projectId).push(path, pieces, options);
    progress[Symbol.dispose]();
    await printTransfer(cli, pushed, 'Pushed');
  },
});
