import { defineCommand } from '../command.ts';
import { UsageError } from '../usage-error.ts';

export const command = defineCommand({
  usage: 'token revoke ID',
  summary: 'End an API token at once.',
  positionals: ['ID'],
  async run(cli, { positionals }) {
    const [text = ''] = positionals;
    if (!/^\d{1,10}$/.test(text))
      throw new UsageError(`A token is revoked by its number from "rose token list", not "${text}".`);
    const id = Number(text);
    await cli.rose.accounts.tokens.revoke.mutate({ id }, cli.options);
    await cli.print({ id, revoked: true }, `Token ${id} is revoked.`);
  },
});
