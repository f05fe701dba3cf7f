import { expect, test } from 'vitest';
import { judge, type EgressPolicy, type EgressRules } from './rules.ts';
import { targetOfAuthority, targetOfUrl } from './target.ts';

const RULES: EgressRules = { ports: [80, 443], privateHosts: [], refusedNetworks: [], upstreamProxy: null };
const PUBLIC: EgressPolicy = { mode: 'public', allow: [] };
const target = (host: string, port = 443) => ({ host, port });

test.for([
  ['0x7f.1:80', '127.0.0.1'],
  ['2130706433:80', '127.0.0.1'],
  ['0177.0.0.1:80', '127.0.0.1'],
  ['127.1:80', '127.0.0.1'],
  ['[::FFFF:127.0.0.1]:80', '::ffff:7f00:1'],
  ['EXAMPLE.org.:80', 'example.org'],
  ['bücher.example:80', 'xn--bcher-kva.example'],
])('the host of %s is %s', ([authority = '', host]) => {
  expect(targetOfAuthority(authority)?.host).toBe(host);
});

test.for([
  '',
  'example.org',
  'example.org:',
  ':443',
  'example.org:0',
  'example.org:65536',
  'user@example.org:443',
  'example.org/:443',
  'example.org:443/x',
  '256.1.1.1:443',
  'a b:443',
  'http://example.org:80',
])('CONNECT %j is no target', (authority) => {
  expect(targetOfAuthority(authority)).toBeNull();
});

test('only http URLs are forwarded', () => {
  expect(targetOfUrl('http://example.org/a?b')).toEqual({
    target: { host: 'example.org', port: 80 },
    path: '/a?b',
    authority: 'example.org',
  });
  for (const url of ['https://example.org/', 'ftp://example.org/', '/a', 'file:///etc/passwd', 'http://']) {
    expect(targetOfUrl(url), url).toBeNull();
  }
});

test('a project without network reaches nothing, not even permitted hosts', () => {
  const rules = { ...RULES, privateHosts: ['registry.lan'] };
  expect(() => judge(target('registry.lan'), { mode: 'none', allow: [] }, rules)).toThrow('no access to the network');
});

test('an allow-list allows names, and *.name what lies below', () => {
  const policy: EgressPolicy = { mode: 'allow-list', allow: ['Example.org', '*.packages.example'] };
  for (const host of ['example.org', 'registry.packages.example', 'a.b.packages.example'])
    judge(target(host), policy, RULES);
  for (const host of [
    'www.example.org',
    'packages.example',
    'evilpackages.example',
    'example.org.evil.net',
    '1.1.1.1',
  ]) {
    expect(() => judge(target(host), policy, RULES), host).toThrow('not on the allow-list');
  }
});

test('only the ports of the installation are open', () => {
  expect(() => judge(target('example.org', 22), PUBLIC, RULES)).toThrow('Port 22 is not open');
  judge(target('example.org', 22), PUBLIC, { ...RULES, ports: [22] });
});

test('a permitted private host is permitted on the open ports, and on the port that is named', () => {
  const rules = { ...RULES, privateHosts: ['registry.lan', 'db.lan:5432', '*.corp', '[fd00::1]:8080'] };
  for (const [host, port] of [
    ['registry.lan', 443],
    ['db.lan', 5432],
    ['a.corp', 80],
    ['fd00::1', 8080],
  ] as const) {
    expect(judge({ host, port }, PUBLIC, rules), host).toEqual({ permitted: true });
  }
  expect(judge(target('db.lan'), PUBLIC, rules)).toEqual({ permitted: false });
  expect(() => judge(target('registry.lan', 5432), PUBLIC, rules)).toThrow('Port 5432');
});
