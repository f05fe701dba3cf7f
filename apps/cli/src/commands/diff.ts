import type { Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { differenceText, hunkText } from '../output/difference.ts';
import { allChanges } from '../pages.ts';
import { findProject, parseVersion } from '../reference.ts';

export const command = defineCommand({
  usage: 'diff P A [B] [--names]',
  summary: 'Compare version A with version B, or with the live workspace.',
  details: 'Text files are compared line by line; --names tells only which paths differ.',
  positionals: ['P', 'A', '[B]'],
  options: { names: { type: 'boolean' } },
  async run(cli, { values, positionals }) {
    const [reference, a, b] = positionals as [string, string, string | undefined];
    const sides = { from: parseVersion(a), to: b === undefined ? undefined : parseVersion(b) };
    const projectId = await findProject(cli, reference);
    const { changes } = await allChanges((page) =>
      cli.rose.comparisons.diff.query({ projectId, ...sides, ...page }, cli.options),
    );
    if (cli.json) return await cli.print({ from: sides.from, to: sides.to ?? null, changes }, '');
    for (const change of changes) {
      await cli.write(`${differenceText(change)}\n`);
      const isCompared = change.change === 'changed' && change.kind === 'file' && values.names !== true;
      if (isCompared) await cli.write(await linesOf(cli, { projectId, ...sides, path: change.path }));
    }
  },
});

interface Sides {
  projectId: number;
  from: number;
  to: number | undefined;
}

async function linesOf(cli: Cli, file: Sides & { path: string }): Promise<string> {
  const compared = await cli.rose.comparisons.fileDiff.query(file, cli.options);
  return compared.kind === 'text' ? compared.hunks.map(hunkText).join('') : '';
}
