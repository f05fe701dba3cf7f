import type Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentInContainer, agentIsMissing } from './agent-in-container.ts';
import { connectToEngine } from './engine.ts';
import { findTestEngine } from './test-engine.ts';
import { programs, TestImage } from './test-image.ts';
import { withDev } from './users.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : agentIsMissing();

test('dev takes the place of whoever has its name or its numbers in an image', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/sh\ndev:x:7:7::/:/bin/sh\nlast:x:8:8::/:/bin/sh';
  expect(withDev({ passwd, group: 'root:x:0:\nnode:x:1000:node\n' }, '/bin/bash')).toEqual({
    passwd: 'root:x:0:0:root:/root:/bin/bash\nlast:x:8:8::/:/bin/sh\ndev:x:1000:1000:dev:/home/dev:/bin/bash\n',
    group: 'root:x:0:\ndev:x:1000:\n',
  });
});

describe.skipIf(skip !== null)(skip === null ? 'foreign image' : `foreign image (skipped: ${skip})`, () => {
  let stack: AsyncDisposableStack;
  let docker: Docker;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    if (typeof engine !== 'string') ({ docker } = await connectToEngine(engine.dockerHost));
  });
  afterEach(() => stack.disposeAsync());

  async function imageOf(files: Record<string, Buffer | string>, changes: string[] = []): Promise<string> {
    if (typeof engine === 'string') throw new Error(engine);
    return stack.use(await TestImage.of(engine, files, changes)).name;
  }

  async function ada(image?: string): Promise<AgentInContainer> {
    if (typeof engine === 'string') throw new Error(engine);
    return stack.use(await AgentInContainer.start(engine, image === undefined ? {} : { image }));
  }

  test('an image without C library, shell and users runs the agent', async () => {
    const { connection } = await ada(await imageOf({ 'etc/motd': 'hello' }));
    await connection.trpc.files.write.mutate({ path: 'notes.txt', content: 'kept' });
    expect((await connection.trpc.files.read.query({ path: 'notes.txt' })).content).toBe('kept');
  });

  test('containers of other images share one volume with the agent, which is laid out once', async () => {
    const image = await imageOf({ 'etc/motd': 'hello' });
    const agentOf = async ({ info }: AgentInContainer): Promise<{ Name: string; CreatedAt?: string }> => {
      const { Mounts } = await docker.getContainer(info.id).inspect();
      return docker.getVolume(Mounts.find(({ Destination }) => Destination === '/opt/rose')!.Name!).inspect();
    };
    const first = await ada(image);
    const before = await agentOf(first);
    expect(before.CreatedAt).toBeDefined();
    expect(await agentOf(await ada(image))).toEqual(before);
    expect(await agentOf(first)).toEqual(before);
  });

  test('commands find the programs of the image, its variables, and who they are', async () => {
    const image = await imageOf(await programs(), [
      'ENV GREETING=hello',
      'ENV PATH=/tools:/usr/bin',
      'USER root',
      'ENTRYPOINT ["false"]',
    ]);
    const working = await ada(image);
    const script =
      'id -un; id -u; echo "$HOME $PWD $GREETING $PATH"; command -v node || echo no node; > new && echo made';
    expect(await working.run(script, 'sh')).toEqual({
      code: 0,
      output: 'dev\n1000\n/home/dev /home/dev/workspace hello /home/dev/.local/bin:/tools:/usr/bin\nno node\nmade\n',
    });
  });

  test('a variable of the image that would disturb the agent is for commands alone', async () => {
    const changes = ['ENV LD_PRELOAD=/lib/none.so', 'ENV NODE_OPTIONS=--require=/none.js', 'ENV NODE_ENV=production'];
    const working = await ada(await imageOf(await programs(), changes));
    const { output } = await working.run('echo "$LD_PRELOAD $NODE_OPTIONS $NODE_ENV"', 'sh');
    expect(output).toContain('/lib/none.so --require=/none.js production\n');
    expect(await working.runtime.logs(working.info.id)).not.toContain('none.so');
  });

  test('the workspace stays when the image changes, and back', async () => {
    const image = await imageOf(await programs());
    const working = await ada();
    await working.run('echo one > notes.txt');
    await working.changeImage(image);
    expect((await working.run('cat notes.txt; echo two > notes.txt', 'sh')).output).toBe('one\n');
    await working.changeImage(undefined);
    expect((await working.run('cat notes.txt; whoami')).output).toBe('two\ndev\n');
  });

  test('a container of a foreign image has no more rights, and writes nothing but its home and memory', async () => {
    const image = await imageOf(await programs(), ['VOLUME /data', 'HEALTHCHECK CMD true']);
    const working = await ada(image);
    const { Config, HostConfig, Mounts } = await docker.getContainer(working.info.id).inspect();
    expect(HostConfig).toMatchObject({ NetworkMode: 'none', CapDrop: ['ALL'], ReadonlyRootfs: true });
    expect([Config.User, Config.Healthcheck]).toEqual(['1000:1000', { Test: ['NONE'] }]);
    const writable = Mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination);
    expect(writable.toSorted()).toEqual(['/home/dev', '/run/rose/out']);
    expect((await working.run('> /data/x && echo "$(cat /etc/passwd)"', 'sh')).output).toContain('dev:x:1000:1000');
    for (const folder of ['/opt/rose/agent', '/etc', '/run/rose/in']) {
      expect((await working.run(`> ${folder}/x`, 'sh')).code, folder).not.toBe(0);
    }
  });

  test('a volume of the image hides nothing of the home, and its own folders of RoSE stay RoSE’s', async () => {
    const image = await imageOf(await programs(), ['VOLUME /home/dev', 'VOLUME /run/rose/out', 'VOLUME /home']);
    const working = await ada();
    await working.run('echo one > notes.txt');
    await working.changeImage(image);
    expect((await working.run('cat notes.txt', 'sh')).output).toBe('one\n');
    for (const folder of ['/home/dev/workspace', '/opt/rose/agent', '/run/rose/in/x', '/home/./dev/x/']) {
      const hostile = await imageOf(await programs(), [`VOLUME ${folder}`]);
      await expect(working.changeImage(hostile), folder).rejects.toThrow(/declares the volume .* that RoSE needs/);
    }
  });

  test('an image that cannot be had is an error with the reason, and leaves no container', async () => {
    const working = await ada();
    const lines: string[] = [];
    const name = 'rose.invalid/no-such-image:1';
    const failure = working.runtime.ensureImage((line) => lines.push(line), undefined, name);
    await expect(failure).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
    await expect(failure).rejects.toThrow(
      /"rose\.invalid\/no-such-image:1" of this project .*cannot be pulled: .*rose\.invalid/,
    );
    expect(lines).toContain(`Pulling the image ${name}`);
    await expect(working.changeImage(name)).rejects.toMatchObject({ code: 'CONTAINER_FAILED' });
    expect(await working.runtime.list()).toEqual([]);
  });
});
