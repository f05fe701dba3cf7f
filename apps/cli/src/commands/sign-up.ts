import { defineCommand } from '../command.ts';
import { accountJson } from '../output/json.ts';
import { escapeText } from '../output/escape.ts';
import { askOrOption, keepSession, readPassword } from '../sign-in.ts';

export const command = defineCommand({
  usage: 'sign-up --email E --name N --password-stdin',
  summary: 'Make an account and sign in.',
  details: 'The password is one line of stdin. On a terminal what is missing is asked for.',
  options: { email: { type: 'string' }, name: { type: 'string' }, 'password-stdin': { type: 'boolean' } },
  async run(cli, { values }) {
    const email = await askOrOption(cli, '--email', 'E-mail', values.email);
    const name = await askOrOption(cli, '--name', 'Name', values.name);
    const password = await readPassword(cli, values['password-stdin'] === true);
    const account = await cli.rose.accounts.signUp.mutate({ email, name, password }, cli.options);
    await keepSession(cli);
    await cli.print(accountJson(account), `Signed up at ${cli.connection.url} as ${escapeText(account.email)}.`);
  },
});
