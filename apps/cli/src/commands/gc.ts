import { defineCommand } from '../command.ts';
import { bytesText, countText } from '../output/units.ts';

export const command = defineCommand({
  usage: 'gc [--dry-run]',
  summary: 'Free the space of what no version needs any more.',
  options: { 'dry-run': { type: 'boolean' } },
  async run(cli, { values }) {
    const dryRun = values['dry-run'] === true;
    const { objects, bytes, volumes } = await cli.rose.store.collect.mutate({ dryRun }, cli.options);
    const lines = [`${dryRun ? 'Would free' : 'Freed'} ${bytesText(bytes)} (${countText(objects, 'object')}).`];
    const { removed, kept } = volumes;
    if (removed.length > 0)
      lines.push(`${dryRun ? 'Would remove' : 'Removed'} ${countText(removed.length, 'volume')} of no project.`);
    if (kept.length > 0) lines.push(`${countText(kept.length, 'volume')} of no project: removed once seven days old.`);
    await cli.print({ objects, bytes, dryRun, volumes }, lines.join('\n'));
  },
});
