import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openHouse } from './house.ts';
import { project, ROSE, type Row } from './setting.ts';
import { edit, layOut } from './tree.ts';

const MB = 1_000_000;

/**
 * Peak memory while a workspace of the application (or `part` of it) and one large file of random bytes is saved, saved again
 * after a change in the middle of the file, loaded into an empty workspace and compared. On disk, not on tmpfs.
 */
export async function memory(
  root: string,
  part: string | null,
  fileMb: number,
  log: (line: string) => void,
): Promise<Row[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'rose-bench-'));
  try {
    const workload = layOut(root, path.join(scratch, 'tree'), part);
    await using house = await openHouse(root, path.join(scratch, 'data'));
    const { rose, projectId, workspace } = await project({ house, workload });
    const shell = async (id: number, script: string): Promise<string> => {
      const hash = createHash('sha256');
      const { code } = await rose
        .workspace(id)
        .run(['bash', '-ec', script], { onStdout: (output) => void hash.update(output) });
      if (code !== 0) throw new Error(`"${script}" ended with ${String(code)}.`);
      return hash.digest('hex');
    };
    await shell(projectId, `head -c ${fileMb * MB} /dev/urandom > large.bin`);
    const first = await rose.versions.save.mutate({ projectId });
    log(`first save of ${first.logicalBytes / MB} MB: ${first.durationMs} ms`);
    edit(workspace, workload.editable, 1, 0);
    await shell(projectId, `printf inserted | dd of=large.bin bs=1M seek=1000 conv=notrunc status=none`);
    const again = await rose.versions.save.mutate({ projectId });
    log(`second save: ${again.durationMs} ms, ${again.storedBytes} bytes`);
    const copy = await rose.projects.fork.mutate({ projectId, version: again.version, name: 'copy' });
    const sums = 'find . -type f -print0 | sort -z | xargs -0 sha256sum';
    if ((await shell(projectId, sums)) !== (await shell(copy.id, sums))) throw new Error('The copy differs.');
    log('loaded into an empty workspace: equal');
    const what = `with ${(first.logicalBytes / 1e9).toFixed(1)} GB, one file of ${(fileMb / 1000).toFixed(1)} GB`;
    return [
      {
        case: `peak memory of the orchestrator ${what}`,
        unit: 'MB',
        values: { [ROSE]: house.orchestratorPeak() },
        most: 400,
      },
      {
        case: `peak memory of the busiest agent ${what}`,
        unit: 'MB',
        values: { [ROSE]: house.agentPeak() },
        most: 400,
      },
    ];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
