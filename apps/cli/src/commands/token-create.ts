import { defineCommand } from '../command.ts';
import { timeText } from '../output/units.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  usage: 'token create NAME [--read-only] [--days N]',
  summary: 'Make an API token; it is shown this once.',
  positionals: ['NAME'],
  options: { 'read-only': { type: 'boolean' }, days: { type: 'string' } },
  async run(cli, { values, positionals }) {
    const input = {
      name: positionals[0]!,
      scope: values['read-only'] ? ('read-only' as const) : ('full' as const),
      expiresInDays: values.days === undefined ? undefined : parseDays(values.days),
    };
    const { id, token, expiresAt } = await cli.rose.accounts.tokens.create.mutate(input, cli.options);
    await cli.print({ id, token }, token);
    await cli.note(`Token ${id} is valid until ${timeText(expiresAt)} and is not shown again.`);
  },
});

function parseDays(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--days takes a number of days, not "${text}".`);
  return Number(text);
}
