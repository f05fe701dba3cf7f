import { expect, test } from 'vitest';
import { registryOf } from './registry.ts';

test.for([
  ['debian', null],
  ['debian:13', null],
  ['library/debian', null],
  ['docker.io/library/debian', null],
  ['ghcr.io/team/image:1', { host: 'ghcr.io', port: 443 }],
  ['registry.example.net:5000/image', { host: 'registry.example.net', port: 5000 }],
  ['localhost/image', { host: 'localhost', port: 443 }],
  ['10.0.0.5:80/image', { host: '10.0.0.5', port: 80 }],
  ['0x7f.1/image', { host: '127.0.0.1', port: 443 }],
  ['Intranet/image', { host: 'intranet', port: 443 }],
] as const)('the image %s comes from %o', ([image, registry]) => {
  expect(registryOf(image)).toEqual(registry);
});
