import { expect, test } from 'vitest';
import { commands } from '../src/commands/index.ts';
import { runRose } from './run-rose.ts';

/** A port where nothing listens: what parses goes on to fail there. */
const NOWHERE = 'http://127.0.0.1:1';

test.each([
  [[], 'rose: the state of software projects'],
  [['frob'], 'There is no command "frob"'],
  [['project'], 'is followed by one of create, list, show'],
  [['project', 'frob'], 'is followed by one of create, list, show'],
  [['--frob', 'save', 'shop'], "Unknown option '--frob'"],
  [['save'], 'P is missing'],
  [['save', 'shop', 'more'], '"more" is one argument too many'],
  [['save', 'shop', '--frob'], "Unknown option '--frob'"],
  [['save', 'shop', '-m'], "Option '-m, --message <value>' argument missing"],
  [['save', 'shop', '--full=yes'], "Option '--full' does not take an argument"],
  [['save', ''], '"" names no project'],
  [['load', 'shop', 'abc'], 'A version is a number from 1, not "abc"'],
  [['load', 'shop', '0'], 'A version is a number from 1, not "0"'],
  [['load', 'shop', '-1'], 'Unknown option'],
  [['ls', 'shop@x'], 'A version is a number from 1, not "x"'],
  [['cat', '@2', 'file'], '"@2" names no project'],
  [['push', '.', ':path'], '":path" names no project'],
  [['export', 'shop'], '-o FILE.zip is missing'],
  [['exec', 'shop'], '-- CMD is missing'],
  [['exec', 'shop', 'ls'], '"ls" is one argument too many'],
  [['settings'], 'get, set or reset is missing'],
  [['settings', 'shop'], 'get, set or reset is missing'],
  [['settings', 'set', 'theme'], 'VALUE is missing'],
  [['settings', 'get', 'a', 'b'], '"b" is one argument too many'],
  [['token', 'revoke', 'x'], 'by its number'],
  [['sign-in', '--email', 'ada@example.org'], '--password-stdin is missing'],
  [['sign-up', '--password-stdin'], '--email is missing'],
  [['whoami', '--url', 'ftp://rose'], '--url must be an address'],
  [['whoami', '--url'], "Option '--url <value>' argument missing"],
  [['whoami', '--token', 'a b'], 'does not hold a token'],
])('%j is bad usage: exit 2 and a line that names the mistake', async (argv, mistake) => {
  const { code, out, err } = await runRose(argv, { env: { ROSE_URL: NOWHERE } });
  expect(err).toContain(mistake);
  expect(out).toBe('');
  expect(code).toBe(2);
  if (argv.length > 0) expect(err.trimEnd()).not.toContain('\n');
});

test.each([
  ['--json', 'whoami'],
  ['whoami', '--json'],
  ['project', '--json', 'list'],
  ['--token', 'secret', 'project', 'list', '--json'],
  ['exec', 'shop', '--json', '--', 'ls', '--url', 'x'],
])('--json is taken anywhere before --: %s %s %s', async (...argv) => {
  const { err } = await runRose(argv, { env: { ROSE_URL: NOWHERE } });
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'UNREACHABLE', details: {} } });
});

test('after -- nothing is an option of rose', async () => {
  const { err, code } = await runRose(['exec', 'shop', '--', 'ls', '--json', '--frob'], { env: { ROSE_URL: NOWHERE } });
  expect(err).toMatch(/^rose: RoSE cannot be reached/);
  expect(code).toBe(125);
});

test('a failure is one line on stderr and exit 1', async () => {
  const { code, out, err } = await runRose(['whoami', '--url', NOWHERE]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toBe(
    `rose: RoSE cannot be reached at ${NOWHERE}: nothing listens there. Is it running? Start it with "npm start".\n`,
  );
});

test('a flag wins over the environment', async () => {
  const { err } = await runRose(['whoami', '--url', 'http://127.0.0.1:2/'], { env: { ROSE_URL: NOWHERE } });
  expect(err).toContain('at http://127.0.0.1:2:');
});

test('a local file that is not there fails before anything is asked of RoSE', async () => {
  for (const argv of [
    ['push', '/no/such/dir', 'shop'],
    ['import', 'shop', '/no/such.zip'],
    ['project', 'create', 'shop', '--from', '/no/such.zip'],
  ]) {
    const { code, err } = await runRose(argv, { env: { ROSE_URL: NOWHERE } });
    expect(err).toMatch(/^rose: \/no\/such.*: no such file or directory\n$/);
    expect(code).toBe(1);
  }
});

test('every command explains itself, and the list names them all', async () => {
  const list = await runRose(['help']);
  for (const [name, load] of Object.entries(commands)) {
    const { usage, summary } = await load();
    expect(usage.startsWith(name)).toBe(true);
    expect(list.out).toContain(`rose ${usage}`);
    expect(list.out).toContain(summary);
    for (const argv of [
      [...name.split(' '), '--help'],
      ['help', ...name.split(' ')],
    ]) {
      const { code, out } = await runRose(argv);
      expect(code).toBe(0);
      expect(out).toContain(`rose ${usage}\n\n${summary}`);
    }
  }
  expect(await runRose(['--help'])).toMatchObject({ code: 0, out: list.out });
});
