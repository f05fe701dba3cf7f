import type { ContainerUsage } from '@rose/contract';
import { defineCommand } from '../command.ts';
import { bytesText } from '../output/units.ts';
import { findProject } from '../reference.ts';

export const command = defineCommand({
  usage: 'usage P [--follow]',
  summary: 'Show what the dev container uses of its limits; with --follow every two seconds until Ctrl-C.',
  details:
    'It wakes no container. With --json: {"state","at","cpuPercent","cpuLimitPercent","memoryBytes","memoryLimitBytes",\n' +
    '"processes","processLimit","diskBytes","diskLimitBytes","diskFiles","diskFileLimit"}, with --follow one a line.\n' +
    'The disk is counted now and then.',
  positionals: ['P'],
  options: { follow: { type: 'boolean', short: 'f' } },
  async run(cli, { values, positionals }) {
    const projectId = await findProject(cli, positionals[0]!);
    if (!values.follow) {
      const usage = await cli.rose.containers.usage.query({ projectId }, cli.options);
      return await cli.print(usage, usageText(usage));
    }
    for await (const usage of await cli.rose.containers.watchUsage.query({ projectId }, cli.options))
      await cli.print(usage, usageText(usage));
  },
});

function usageText(usage: ContainerUsage): string {
  const { state, cpuPercent, cpuLimitPercent, memoryBytes, memoryLimitBytes, processes, processLimit } = usage;
  const { diskBytes, diskLimitBytes, diskFiles, diskFileLimit } = usage;
  const disk = diskBytes === null ? 'not counted yet' : bytesText(diskBytes);
  return [
    state,
    `CPU ${cpuPercent.toFixed(1)} % of ${cpuLimitPercent} %`,
    `memory ${bytesText(memoryBytes)} of ${bytesText(memoryLimitBytes)}`,
    `processes ${processes} of ${processLimit}`,
    `disk ${disk}${diskLimitBytes === 0 ? '' : ` of ${bytesText(diskLimitBytes)}`}`,
    ...(diskFiles === null ? [] : [`files ${diskFiles}${diskFileLimit === 0 ? '' : ` of ${diskFileLimit}`}`]),
  ].join('   ');
}
