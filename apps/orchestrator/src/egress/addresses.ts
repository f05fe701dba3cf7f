import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Which addresses a container may reach: those of the public internet. All else is refused by a
 * list for IPv4 and by allowing only global unicast, less its special parts, for IPv6
 * (the IANA special-purpose address registries). The documentation ranges are not on it: nobody's
 * network is there to protect, and closed networks use them for their mirrors.
 */
const REFUSED_IPV4: Record<string, string[]> = {
  'this host': ['0.0.0.0/8'],
  loopback: ['127.0.0.0/8'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  'carrier-grade NAT': ['100.64.0.0/10'],
  'link-local': ['169.254.0.0/16'],
  // The one metadata service that has a public address (Azure).
  metadata: ['168.63.129.16/32'],
  reserved: ['192.0.0.0/24', '192.88.99.0/24', '240.0.0.0/4'],
  benchmarking: ['198.18.0.0/15'],
  multicast: ['224.0.0.0/4'],
};
const REFUSED_IPV6: Record<string, string[]> = {
  'this host': ['::/128'],
  loopback: ['::1/128'],
  'IPv4-mapped': ['::ffff:0:0/96'],
  NAT64: ['64:ff9b::/96', '64:ff9b:1::/48'],
  reserved: ['2001::/23'],
  '6to4': ['2002::/16'],
  'unique local': ['fc00::/7'],
  'link-local': ['fe80::/10'],
  multicast: ['ff00::/8'],
};

// One list a family: a list with the mapped addresses would match every IPv4 address, and the reverse.
const LISTS_IPV4 = blockLists(REFUSED_IPV4, 'ipv4');
const LISTS_IPV6 = blockLists(REFUSED_IPV6, 'ipv6');
const [GLOBAL_UNICAST] = blockLists({ global: ['2000::/3'] }, 'ipv6');

/**
 * The kind of a refused address, null when containers may connect to it.
 * @param address as a resolver writes it
 * @param refusedNetworks refused too, as "this host": addresses, and networks as address/prefix
 */
export function refusedKind(address: string, refusedNetworks: string[] = []): string | null {
  // fe80::1%eth0
  const [bare = ''] = address.split('%');
  const version = isIP(bare);
  if (version === 0) return 'not an address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const known = (version === 4 ? LISTS_IPV4 : LISTS_IPV6).find(({ list }) => list.check(bare, family));
  if (known !== undefined) return known.kind;
  if (version === 6 && !GLOBAL_UNICAST!.list.check(bare, family)) return 'not global unicast';
  return ownAddresses(refusedNetworks).check(bare, family) ? 'this host' : null;
}

/** Every address of this host's interfaces, also public ones: what listens there is not for containers. */
function ownAddresses(besides: string[]): BlockList {
  const own = new BlockList();
  for (const network of besides) {
    // fe80::1%eth0/64
    const [address = '', prefix] = network.replace(/%[^/]*/, '').split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) own.addAddress(address, family);
    else own.addSubnet(address, Number(prefix), family);
  }
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family } of addresses ?? []) own.addAddress(address, family === 'IPv4' ? 'ipv4' : 'ipv6');
  }
  return own;
}

function blockLists(kinds: Record<string, string[]>, family: 'ipv4' | 'ipv6') {
  return Object.entries(kinds).map(([kind, subnets]) => {
    const list = new BlockList();
    for (const subnet of subnets) {
      const [network = '', prefix] = subnet.split('/');
      list.addSubnet(network, Number(prefix), family);
    }
    return { kind, list };
  });
}
