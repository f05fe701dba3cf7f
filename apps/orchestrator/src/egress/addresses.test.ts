import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { refusedKind } from './addresses.ts';

const REFUSED: [string, string][] = [
  ['0.0.0.0', 'this host'],
  ['0.255.255.255', 'this host'],
  ['10.0.0.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.127.255.255', 'carrier-grade NAT'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['168.63.129.16', 'metadata'],
  ['169.254.169.254', 'link-local'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.192', 'reserved'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'benchmarking'],
  ['198.19.255.255', 'benchmarking'],
  ['224.0.0.1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'reserved'],
  ['::', 'this host'],
  ['::1', 'loopback'],
  ['::127.0.0.1', 'not global unicast'],
  ['::ffff:127.0.0.1', 'IPv4-mapped'],
  ['::ffff:8.8.8.8', 'IPv4-mapped'],
  ['::ffff:0:7f00:1', 'not global unicast'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b:1::1', 'NAT64'],
  ['100::1', 'not global unicast'],
  ['2001::1', 'reserved'],
  ['2002:7f00:1::1', '6to4'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'unique local'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['fec0::1', 'not global unicast'],
  ['ff02::1', 'multicast'],
  ['localhost', 'not an address'],
  ['', 'not an address'],
];

test.for(REFUSED)('%s is refused as %s', ([address, kind]) => {
  expect(refusedKind(address)).toBe(kind);
});

test.for(['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.32.0.1', '223.255.255.255'])(
  '%s is public',
  (address) => {
    expect(refusedKind(address)).toBeNull();
  },
);

test.for(['2606:4700:4700::1111', '2a00:1450:4001:800::200e', '2001:4860:4860::8888'])('%s is public', (address) => {
  expect(refusedKind(address)).toBeNull();
});

test('every address of this host is refused', () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  expect(own.length).toBeGreaterThan(0);
  for (const { address } of own) expect(refusedKind(address), address).not.toBeNull();
});

test('what the runtime refuses is refused, whatever it looks like', () => {
  const refused = ['203.0.113.7', '25.1.0.0/16', '2606:4700::/32', 'fe80::1%eth0/64'];
  for (const address of ['203.0.113.7', '25.1.2.3', '2606:4700:1::5']) {
    expect(refusedKind(address, refused), address).toBe('this host');
    expect(refusedKind(address), address).toBeNull();
  }
  for (const address of ['203.0.113.8', '25.2.0.1', '2a00:1450::1']) expect(refusedKind(address, refused)).toBeNull();
});
