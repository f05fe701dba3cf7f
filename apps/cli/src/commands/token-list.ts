import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { table } from '../output/table.ts';
import { timeText } from '../output/units.ts';

export const command = defineCommand({
  usage: 'token list',
  summary: 'List your API tokens.',
  async run(cli) {
    const tokens = await cli.rose.accounts.tokens.list.query(undefined, cli.options);
    const rows = tokens.map(({ id, name, scope, createdAt, expiresAt, lastUsedAt }) => [
      String(id),
      escapeText(name),
      scope,
      timeText(createdAt),
      timeText(expiresAt),
      lastUsedAt === null ? 'never' : timeText(lastUsedAt),
    ]);
    const titles = ['ID', 'NAME', 'SCOPE', 'MADE', 'EXPIRES', 'LAST USED'];
    await cli.print(
      tokens,
      table(
        titles.map((title) => ({ title, align: title === 'ID' ? 'right' : 'left' })),
        rows,
      ),
    );
  },
});
