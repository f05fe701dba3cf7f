import { codeOf, testOrchestrator } from '@rose/testing';
import { expect, it } from 'vitest';

/** Listens on a socket of the container's own and counts who comes. */
const TRAP = `
const fs = require('fs');
const file = process.env.HOME + '/caught';
fs.writeFileSync(file, '0');
let caught = 0;
require('net').createServer(() => fs.writeFileSync(file, String(++caught))).listen('/tmp/trap.sock');
setTimeout(() => process.exit(), 120_000);`;

it('a container that puts a link in the place of its socket gets no connection by it, and no call is answered by another', async () => {
  await using rose = await testOrchestrator({ config: { runtime: 'process' } });
  const mallory = await rose.signUp('Mallory');
  const project = await mallory.rose.projects.create.mutate({ name: 'trap' });
  const workspace = mallory.rose.workspace(project.id);
  const shell = async (script: string): Promise<string> => {
    let text = '';
    const { code } = await workspace.run(['bash', '-ec', script], {
      onStdout: (chunk) => {
        text += Buffer.from(chunk).toString();
      },
    });
    expect(code).toBe(0);
    return text;
  };
  await workspace.files.write.mutate({ path: 'trap.js', content: TRAP });
  await shell(
    '(setsid node trap.js > /dev/null 2>&1 &); for i in $(seq 100); do test -S /tmp/trap.sock && break; sleep 0.1; done; test -S /tmp/trap.sock',
  );
  for (const target of ['/tmp/trap.sock', '/run/rose/in/egress.sock']) {
    await shell(`mv /run/rose/out/agent.sock /run/rose/out/kept.sock; ln -s ${target} /run/rose/out/agent.sock`);
    // More calls at once than there are connections already open: the others need new ones.
    const calls = Array.from({ length: 20 }, () =>
      workspace.run(['sleep', '3']).then(
        () => 'done',
        (error: unknown) => codeOf(Promise.reject(error as Error)),
      ),
    );
    const outcomes = new Set(await Promise.all(calls));
    expect([...outcomes].filter((outcome) => outcome !== 'done')).toEqual(['AGENT_UNAVAILABLE']);
    expect(await shell('cat ~/caught; mv -f /run/rose/out/kept.sock /run/rose/out/agent.sock')).toBe('0');
    // One at a time, lest many connections are open for the next round.
    await workspace.run(['true']);
  }
});
