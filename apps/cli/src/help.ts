import type { Command } from './command.ts';
import { commands } from './commands/index.ts';
import { table } from './output/table.ts';

const GLOBAL_HELP = `Taken by every command, anywhere before --:
  --json         print JSON; a failure is {"error":{"code","message","details"}} on stderr
  --url URL      where RoSE is; else ROSE_URL, else http://127.0.0.1:4000
  --token TOKEN  an API token; else ROSE_TOKEN, else the stored sign-in for that URL
  -h, --help     what a command does

P is a project: its id, or its name. P@VERSION is a saved version; P alone is the live workspace.
Exit codes: 0 success, 1 failure, 2 bad usage; of exec the command's own, 125 when RoSE failed.
`;

export async function listCommands(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const rows = all.map(({ usage, summary }) => [`  rose ${usage}`, summary]);
  const [, ...lines] = table([{ title: '' }, { title: '' }], rows).split('\n');
  return `rose: the state of software projects\n\n${lines.join('\n')}\n\n${GLOBAL_HELP}`;
}

export function commandHelp({ usage, summary, details }: Command): string {
  return `rose ${usage}\n\n${summary}\n${details === undefined ? '' : `${details}\n`}\n${GLOBAL_HELP}`;
}
