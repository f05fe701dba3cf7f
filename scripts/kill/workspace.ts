import { buffer } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
import { createHash } from 'node:crypto';
import type { House } from './house.ts';

/** A project, and the client to work with it. */
export type Place = Pick<House, 'rose' | 'projectId'>;

/** Kind, mode, time to the nanosecond, target and bytes of every entry: what a version keeps. */
const DESCRIBE = String.raw`
find . -mindepth 1 -printf '%P %y %m %T@ -> %l\0' | sort -z
find . -type f -print0 | sort -z | xargs -0 -r sha256sum -z`;

/** Runs a script in the workspace. @throws Error when it fails */
export async function shell(house: Place, script: string): Promise<Buffer> {
  const output = new PassThrough();
  const told = buffer(output);
  const write = (chunk: Uint8Array): void => void output.write(chunk);
  const argv = ['bash', '-ec', script];
  const { code } = await house.rose.workspace(house.projectId).run(argv, { onStdout: write, onStderr: write });
  output.end();
  const text = await told;
  if (code !== 0) throw new Error(`A script ended with ${String(code)}: ${text.toString().slice(0, 500)}`);
  return text;
}

/** A whole tree as one hash: equal hashes, equal trees. */
export async function treeOf(house: Place): Promise<string> {
  return createHash('sha256')
    .update(await shell(house, DESCRIBE))
    .digest('hex');
}

/** Makes the workspace another one: files change, come, go and turn into directories and links. */
export async function change(house: Place, round: number): Promise<void> {
  await shell(
    house,
    String.raw`
    chmod -R u+rwx . 2>/dev/null || true
    rm -rf turning removed-*
    mkdir -p d-{0..19} removed-${round}
    for i in {0..799}; do
      if (( (i + ${round}) % 3 == 0 )); then echo "round ${round} of file $i" > d-$((i % 20))/f-$i; fi
    done
    head -c $((200000 + ${round} * 1000)) /dev/urandom > large
    case $((${round} % 4)) in
      0) echo file > turning;;
      1) mkdir -p turning/into; echo x > turning/into/directory;;
      2) ln -s nowhere turning;;
    esac
    rm -f d-$((${round} % 20))/f-*1; echo x > removed-${round}/x; chmod 555 removed-${round}; echo y > d-3/f-3; chmod 640 d-3/f-3
    touch -h -d "2020-01-01 00:00:0$((${round} % 10)).12345678${round % 10}" d-5 large`,
  );
}
