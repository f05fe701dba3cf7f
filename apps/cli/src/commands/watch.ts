import type { FileChanges } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { escapeName } from '../output/escape.ts';
import { findProject } from '../reference.ts';

const SIGN = { created: '+', changed: '~', deleted: '-' } as const;

export const command = defineCommand({
  usage: 'watch P [PATH] [--include GLOB]… [--exclude GLOB]… [--all]',
  summary: 'Tell the changes of files in the workspace until Ctrl-C.',
  details:
    '+ created, ~ changed, - deleted. Globs are those of "rose grep". node_modules and .git are left out unless --exclude\n' +
    'names others or --all is given. "!" says that changes were lost: look for yourself. With --json each line is\n' +
    '{"changes":[{"path","kind","isDirectory"}],"lost"}.',
  positionals: ['P', '[PATH]'],
  options: {
    include: { type: 'string', multiple: true },
    exclude: { type: 'string', multiple: true },
    all: { type: 'boolean' },
  },
  async run(cli, { values, positionals }) {
    const [reference, path] = positionals as [string, string | undefined];
    const workspace = cli.rose.workspace(await findProject(cli, reference));
    const order = { path, include: values.include, exclude: values.all ? [] : values.exclude };
    const pieces = await workspace.files.watch.query(order, cli.options);
    for await (const piece of pieces)
      if (piece.lost || piece.changes.length > 0) await cli.print(piece, changesText(piece));
  },
});

function changesText({ changes, lost }: FileChanges): string {
  const lines = changes.map(
    ({ path, kind, isDirectory }) => `${SIGN[kind]} ${escapeName(path)}${isDirectory ? '/' : ''}`,
  );
  return [...(lost ? ['! changes were lost'] : []), ...lines].join('\n');
}
