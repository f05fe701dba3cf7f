import { RoseError } from '@rose/contract/errors';
import { defineCommand } from '../command.ts';
import { forgetSignIn } from '../sign-ins.ts';

export const command = defineCommand({
  usage: 'sign-out',
  summary: 'End the session and forget it.',
  async run(cli) {
    const { url, token, isStored } = cli.connection;
    if (token === null) throw new RoseError('UNAUTHENTICATED', `Nobody is signed in at ${url}.`);
    try {
      await cli.rose.accounts.signOut.mutate(undefined, cli.options);
    } catch (error) {
      // A session that has ended by itself is as good as ended.
      if (!(error instanceof RoseError) || error.code !== 'UNAUTHENTICATED' || !isStored) throw error;
    }
    if (isStored) forgetSignIn(url, cli.io.env);
    await cli.print({ signedOut: true }, `Signed out at ${url}.`);
  },
});
