import { defineCommand } from '../command.ts';
import { bytesText, countText } from '../output/units.ts';

export const command = defineCommand({
  usage: 'gc [--dry-run]',
  summary: 'Free the space of what no version needs any more.',
  options: { 'dry-run': { type: 'boolean' } },
  async run(cli, { values }) {
    const dryRun = values['dry-run'] === true;
    const { objects, bytes } = await cli.rose.store.collect.mutate({ dryRun }, cli.options);
    await cli.print(
      { objects, bytes, dryRun },
      `${dryRun ? 'Would free' : 'Freed'} ${bytesText(bytes)} (${countText(objects, 'object')}).`,
    );
  },
});
