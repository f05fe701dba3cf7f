import { defineCommand } from '../command.ts';
import { escapeText } from '../output/escape.ts';
import { accountJson } from '../output/json.ts';

export const command = defineCommand({
  usage: 'whoami',
  summary: 'Say who is signed in.',
  async run(cli) {
    const account = await cli.rose.accounts.me.query(undefined, cli.options);
    await cli.print(accountJson(account), `${escapeText(account.name)} <${escapeText(account.email)}>`);
  },
});
