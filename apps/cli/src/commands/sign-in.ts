import { defineCommand } from '../command.ts';
import { accountJson } from '../output/json.ts';
import { escapeText } from '../output/escape.ts';
import { askOrOption, keepSession, readPassword } from '../sign-in.ts';

export const command = defineCommand({
  usage: 'sign-in --email E --password-stdin',
  summary: 'Sign in and keep the session for the next commands.',
  details: 'The password is one line of stdin. On a terminal what is missing is asked for.',
  options: { email: { type: 'string' }, 'password-stdin': { type: 'boolean' } },
  async run(cli, { values }) {
    const email = await askOrOption(cli, '--email', 'E-mail', values.email);
    const password = await readPassword(cli, values['password-stdin'] === true);
    const account = await cli.rose.accounts.signIn.mutate({ email, password }, cli.options);
    await keepSession(cli);
    await cli.print(accountJson(account), `Signed in at ${cli.connection.url} as ${escapeText(account.email)}.`);
  },
});
