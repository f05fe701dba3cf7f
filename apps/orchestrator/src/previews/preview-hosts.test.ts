import { RoseError } from '@rose/contract';
import { testOrchestrator } from '@rose/testing';
import { describe, expect, it } from 'vitest';
import { PreviewHosts, type PreviewHostsOptions } from './preview-hosts.ts';

function hosts(over: Partial<PreviewHostsOptions> = {}): PreviewHosts {
  const made = new PreviewHosts({ previewDomain: null, publicUrl: null, host: '127.0.0.1', ...over });
  made.listensOn = () => 4000;
  return made;
}
const tls = (previewDomain = 'preview.example.net') => hosts({ previewDomain, publicUrl: 'https://rose.example.org' });

describe('the names of previews', () => {
  it.each([
    ['p12-5173.localhost:4000', { projectId: 12, port: 5173 }],
    ['P12-5173.LocalHost:4000', { projectId: 12, port: 5173 }],
    ['p2147483647-65535.localhost:4000', { projectId: 2_147_483_647, port: 65_535 }],
    ['p2147483648-1.localhost:4000', null],
    ['p1-65536.localhost:4000', null],
    ['p0-1.localhost:4000', null],
    ['p01-1.localhost:4000', null],
    ['p1-01.localhost:4000', null],
    ['p1-1.localhost', null],
    ['p1-1.localhost:4001', null],
    ['p1-1.localhost.:4000', null],
    ['x.p1-1.localhost:4000', null],
    ['p1-1.x.localhost:4000', null],
    ['p1-1.localhost.evil.example:4000', null],
    ['p1-1.evil.example:4000', null],
    ['p1-1.127.0.0.1:4000', null],
    ['p1-1-1.localhost:4000', null],
    ['user@p1-1.localhost:4000', null],
    ['p1-1.localhost:4000/', null],
    ['localhost:4000', null],
    ['', null],
    [undefined, null],
  ])('are exact: %s', (host, place) => {
    expect(hosts().find(host)).toEqual(place);
  });

  it('behind TLS are those of the public address, with its port', () => {
    expect(tls().find('p1-80.preview.example.net')).toEqual({ projectId: 1, port: 80 });
    expect(tls().find('p1-80.preview.example.net:443')).toEqual({ projectId: 1, port: 80 });
    expect(tls().find('p1-80.preview.example.net:4000')).toBeNull();
    expect(tls().find('p1-80.localhost:4000')).toBeNull();
    expect(tls().originOf({ projectId: 1, port: 80 })).toBe('https://p1-80.preview.example.net');
    expect(tls().isSecure).toBe(true);
    const other = hosts({ previewDomain: 'preview.example.net', publicUrl: 'https://rose.example.org:8443' });
    expect(other.originOf({ projectId: 1, port: 80 })).toBe('https://p1-80.preview.example.net:8443');
  });

  it('are those of localhost where nothing else is said, with the port that people use', () => {
    expect(hosts().originOf({ projectId: 1, port: 80 })).toBe('http://p1-80.localhost:4000');
    const published = hosts({ publicUrl: 'http://localhost:8080' });
    expect(published.originOf({ projectId: 1, port: 80 })).toBe('http://p1-80.localhost:8080');
    expect(published.find('p1-80.localhost:8080')).toEqual({ projectId: 1, port: 80 });
  });

  it('are not those of localhost for people who are elsewhere: they are told what is missing', () => {
    const far = hosts({ publicUrl: 'https://rose.example.org' });
    expect(() => far.originOf({ projectId: 1, port: 80 })).toThrow(RoseError);
    expect(() => far.originOf({ projectId: 1, port: 80 })).toThrow(/ROSE_PREVIEW_DOMAIN/);
  });
});

describe('the domain of previews', () => {
  it.each([
    ['rose.example.org', 'https://rose.example.org'],
    ['preview.example.org', 'https://rose.example.org'],
    ['example.org', 'https://rose.example.org'],
    ['preview.rose.example.org', 'https://rose.example.org'],
    ['PREVIEW.Example.Org', 'https://example.org:8443'],
    ['preview.example.co.uk', 'https://rose.example.co.uk'],
    ['preview.internal', 'https://rose.preview.internal'],
  ])('%s is refused beside %s: it is the same site', (previewDomain, publicUrl) => {
    expect(() => hosts({ previewDomain, publicUrl })).toThrow(/^ROSE_PREVIEW_DOMAIN: .* same site/);
  });

  it.each([
    ['preview.example.net', 'https://rose.example.org'],
    ['example.net', 'https://rose.example.org'],
    ['preview.other.co.uk', 'https://rose.example.co.uk'],
    ['alice.github.io', 'https://bob.github.io'],
    ['localhost', 'http://localhost:4000'],
    ['rose.internal', 'https://10.0.0.5'],
  ])('%s is taken beside %s: it is another site', (previewDomain, publicUrl) => {
    expect(() => hosts({ previewDomain, publicUrl })).not.toThrow();
  });

  it.each([
    'https://preview.example.net',
    '*.preview.example.net',
    'preview.example.net:8443',
    '127.0.0.1',
    '-a.net',
    'a..b',
  ])('%s is refused: it is no domain', (previewDomain) => {
    expect(() => hosts({ previewDomain })).toThrow(/^ROSE_PREVIEW_DOMAIN: .* is no domain/);
  });

  it('is looked at before anything starts', async () => {
    const config = { publicUrl: 'https://rose.example.org', previewDomain: 'preview.example.org' };
    await expect(testOrchestrator({ config })).rejects.toThrow(/ROSE_PREVIEW_DOMAIN/);
  });
});
