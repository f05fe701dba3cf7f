import { beforeEach, expect, test, vi } from 'vitest';
import { Attached } from '../../test/attach.ts';
import { useAgent } from '../../test/use-agent.ts';

const bench = useAgent();
const size = { cols: 80, rows: 24 };

/** A shell with a short prompt and nothing on its screen. */
async function open(): Promise<{ id: string; ada: Attached }> {
  const { id } = await bench.agent.mutate('terminals.create', size);
  const ada = new Attached(bench.agent, id);
  ada.type("bind 'set enable-bracketed-paste off'; PS1='$ '\n");
  await ada.sees(/\r\$ $/);
  return { id, ada };
}

beforeEach(() => async () => {
  for (const { id } of await bench.agent.query('terminals.list', undefined, 'editor')) {
    await bench.agent.mutate('terminals.close', { id });
  }
});

test('what is typed is echoed and done', async () => {
  const { ada } = await open();
  ada.type('echo $((6 * 7))\n');
  await ada.sees('echo $((6 * 7))\r\n42\r\n');
});

test('the shell runs in the workspace with the environment of commands, on a terminal of the given size', async () => {
  const { ada } = await open();
  ada.type('pwd; echo $FROM_CONTAINER; tty; stty size; echo $TERM $HOME\n');
  await ada.sees(
    new RegExp(`${bench.agent.workspace}\r\nyes\r\n/dev/pts/\\d+\r\n24 80\r\nxterm-256color ${bench.agent.home}`),
  );
});

test('every directory of the PATH is there after the profile', async () => {
  const { ada } = await open();
  ada.type('echo "[$PATH]"\n');
  await ada.sees(/\n\[.*\]\r\n/);
  const path = /\n\[(.*)\]\r\n/.exec(ada.text)![1]!.split(':');
  expect(path).toEqual(expect.arrayContaining(process.env.PATH!.split(':')));
});

test('a resize reaches the programs', async () => {
  const { id, ada } = await open();
  ada.resize(132, 43);
  ada.type('stty size\n');
  await ada.sees('43 132');
  await bench.agent.mutate('terminals.resize', { id, cols: 90, rows: 30 });
  ada.type('stty size\n');
  await ada.sees('30 90');
});

test('Ctrl-C reaches the process in the foreground', async () => {
  const { ada } = await open();
  ada.type("sh -c 'echo ready; exec sleep 1000'\n");
  await ada.sees('\nready');
  ada.type('\x03');
  await ada.sees(/\^C\r\n\$ $/);
  ada.type('echo code $?\n');
  await ada.sees('code 130');
});

test('who comes back gets what he missed, nothing doubled and nothing lost', async () => {
  const { id, ada } = await open();
  ada.type('echo before\n');
  await ada.sees('\nbefore\r\n$ ');
  await ada.leave();
  const late = new Attached(bench.agent, id);
  late.type('echo meanwhile\n');
  await late.sees('\nmeanwhile\r\n$ ');
  const back = new Attached(bench.agent, id, ada.next);
  await back.sees('\nmeanwhile\r\n$ ');
  expect(back.first).toBe(ada.next);
  expect(ada.text + back.text).toBe(late.text);
});

test('a shell goes on while nobody looks, and the last 256 KiB are kept', async () => {
  const { id, ada } = await open();
  ada.type("seq 100000 | tr '\\n' ' '; echo; echo 'the 'end\n");
  await ada.leave();
  await vi.waitFor(async () => {
    const [{ position } = { position: 0 }] = await bench.agent.query('terminals.list', undefined, 'editor');
    if (position < 588_000) throw new Error(`only ${position}`);
  }, 20_000);
  const back = new Attached(bench.agent, id, ada.next);
  await back.sees('the end\r\n$ ');
  expect(back.first).toBeGreaterThan(ada.next);
  expect(back.shown.length).toBe(256 * 1024);
});

test('the process waits while its only reader is slow, and nothing is lost', async () => {
  const { id, ada } = await open();
  ada.isSlow = true;
  const before = ada.next;
  ada.type('seq 200000; exit 3\n');
  const position = async () => (await bench.agent.query('terminals.list', undefined, 'editor'))[0]!.position;
  let held = 0;
  await vi.waitFor(async () => {
    const was = held;
    held = await position();
    expect(held).toBeGreaterThan(before + 128 * 1024);
    expect(held).toBe(was);
  }, 20_000);
  expect(held).toBeLessThan(before + 256 * 1024);
  // Others are not held up.
  const { ada: eve } = await open();
  eve.type('echo I am $((20 + 1))\n');
  await eve.sees('I am 21');
  expect(await position()).toBe(held);
  ada.isSlow = false;
  ada.acknowledge();
  expect(await ada.end).toEqual({ code: 3, signal: null });
  const numbers = ada.text.split('exit 3\r\n')[1]!.split('\r\n').slice(0, 200_000).map(Number);
  expect(numbers).toEqual(Array.from({ length: 200_000 }, (_, at) => at + 1));
  expect(id).toBeTruthy();
});

test('a slow reader does not hold up a quick one of the same terminal', async () => {
  const { id, ada } = await open();
  const slow = new Attached(bench.agent, id);
  slow.isSlow = true;
  ada.type('seq 100000; echo the $((1))st\n');
  await ada.sees('the 1st\r\n$ ');
  slow.isSlow = false;
  slow.acknowledge();
  await slow.sees('the 1st\r\n$ ');
});

test('100 MB go through without the agent growing with them', async () => {
  const { ada } = await open();
  ada.keeps = 256 * 1024;
  const before = process.memoryUsage().rss;
  ada.type('yes | head -c 100M; echo the $((1))st\n');
  await ada.sees('the 1st\r\n$ ', 200_000);
  expect(ada.next).toBeGreaterThan(100_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
}, 240_000);

test('input that a program does not read is bounded, and its output still flows', async () => {
  const { ada } = await open();
  ada.type('stty raw -echo; echo ready; read -n 1 x; seq 100000; cat > /dev/null\n');
  await ada.sees('ready');
  const piece = 'x'.repeat(64 * 1024);
  let isHeld = false;
  for (let count = 0; count < 400; count += 1) {
    ada.type(piece);
    await new Promise((resolve) => setImmediate(resolve));
    isHeld ||= ada.request.writableLength > 1024 * 1024;
  }
  await ada.sees('100000');
  expect(isHeld).toBe(true);
  await vi.waitFor(() => expect(ada.request.writableLength).toBe(0), 20_000);
});

test('closing ends all that the shell started, what ignores the hang-up too', async () => {
  const { id, ada } = await open();
  ada.type("(trap '' HUP; sleep 4242) & echo pid $!\n");
  await ada.sees(/pid \d+\r/);
  const pid = Number(/pid (\d+)\r/.exec(ada.text)![1]);
  await bench.agent.mutate('terminals.close', { id });
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 10_000);
  expect(await ada.end).toEqual({ code: null, signal: expect.any(Number) });
  expect(await bench.agent.query('terminals.list', undefined, 'editor')).toEqual([]);
});

test('the exit code of a shell is told to who comes later too', async () => {
  const { id, ada } = await open();
  ada.type('exit 7\n');
  expect(await ada.end).toEqual({ code: 7, signal: null });
  const late = new Attached(bench.agent, id);
  expect(await late.end).toEqual({ code: 7, signal: null });
  expect(late.text).toBe(ada.text);
});

test('seventeen terminals are refused; one that ended makes room', async () => {
  const opened = await Promise.all(Array.from({ length: 16 }, () => bench.agent.mutate('terminals.create', size)));
  await expect(bench.agent.mutate('terminals.create', size)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  const ada = new Attached(bench.agent, opened[3]!.id);
  ada.type('exit\n');
  await ada.end;
  await bench.agent.mutate('terminals.create', size);
});

test('viewers neither make nor see terminals', async () => {
  const { id } = await open();
  await expect(bench.agent.mutate('terminals.create', size, 'viewer')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(bench.agent.query('terminals.list', undefined, 'viewer')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const { status } = await bench.agent.call(`/-/terminals.attach?id=${id}`, { method: 'POST', role: 'viewer' });
  expect(status).toBe(403);
});

test('a terminal that is not there is NOT_FOUND', async () => {
  const nobody = new Attached(bench.agent, '00000000-0000-4000-8000-000000000000');
  expect(await nobody.end).toMatchObject({ code: 'NOT_FOUND' });
});
