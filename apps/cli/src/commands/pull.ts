import { rm } from 'node:fs/promises';
import type { PushedTree } from '@rose/contract';
import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { makeDirectory, openDirectory } from '../local/directory.ts';
import { localPath } from '../local/names.ts';
import { writeTree } from '../local/tree-download.ts';
import { printTransfer } from '../output/transfer.ts';
import { Progress } from '../progress.ts';
import { findProject, parsePathReference } from '../reference.ts';

export const command = defineCommand({
  usage: 'pull P[:PATH] DIR [--force]',
  summary: 'Copy the contents of the workspace into a directory.',
  details: 'DIR is made if absent. Into one that is not empty only --force copies: it overwrites, but deletes nothing.',
  positionals: ['P', 'DIR'],
  options: { force: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const [reference, directory] = positionals as [string, string];
    const { project, path } = parsePathReference(reference);
    const projectId = await findProject(cli, project);
    const isNew = await makeDirectory(directory, { force: values.force === true });
    let pulled: PushedTree;
    try {
      pulled = await pull(cli, { projectId, path, directory });
    } catch (error) {
      // Half a tree would look like a whole one.
      if (isNew) await rm(await localPath(directory), { recursive: true, force: true });
      throw error;
    }
    await printTransfer(cli, pulled, 'Pulled');
  },
});

async function pull(cli: Cli, from: { projectId: number; path: string; directory: string }): Promise<PushedTree> {
  const tree = await cli.rose.workspace(from.projectId).pull(from.path, cli.options);
  using root = await openDirectory(from.directory);
  using progress = new Progress(cli, 'Pulling');
  return await writeTree(tree, root.fd, (bytes) => progress.showBytes(bytes));
}
