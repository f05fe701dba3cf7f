import { describe, expect, it } from 'vitest';
import { createOriginPolicy } from './origin.ts';

const policy = (over: { publicUrl?: string; host?: string } = {}) =>
  createOriginPolicy({ publicUrl: null, host: '127.0.0.1', port: () => 4000, ...over });

describe('the names that RoSE answers to', () => {
  it.each([
    ['127.0.0.1:4000', true],
    ['localhost:4000', true],
    ['LOCALHOST:4000', true],
    ['[::1]:4000', true],
    ['127.0.0.1', false],
    ['127.0.0.1:4001', false],
    ['localhost.evil.example:4000', false],
    ['evil.example:4000', false],
    ['evil.example', false],
    ['192.168.1.5:4000', false],
    ['user@127.0.0.1:4000', false],
    ['127.0.0.1:4000/', false],
    ['', false],
    [undefined, false],
  ])('on loopback: %s %s', (host, isOurs) => {
    expect(policy().allowsHost(host)).toBe(isOurs);
  });

  it('on every address: any address, but no name, which could be rebound', () => {
    const wild = policy({ host: '0.0.0.0' });
    expect(wild.allowsHost('192.168.1.5:4000')).toBe(true);
    expect(wild.allowsHost('[2001:db8::1]:4000')).toBe(true);
    expect(wild.allowsHost('evil.example:4000')).toBe(false);
  });

  it('the public URL and this machine, exactly', () => {
    const open = policy({ publicUrl: 'https://rose.example.org' });
    expect(open.allowsHost('rose.example.org')).toBe(true);
    expect(open.allowsHost('rose.example.org:8443')).toBe(false);
    expect(open.allowsHost('localhost:4000')).toBe(true);
  });
});

describe('the pages that may change something', () => {
  it.each([
    ['http://127.0.0.1:4000', '127.0.0.1:4000', true],
    ['http://localhost:4000', '127.0.0.1:4000', false],
    ['https://127.0.0.1:4000', '127.0.0.1:4000', false],
    ['http://127.0.0.1:4001', '127.0.0.1:4000', false],
    ['http://evil.example', '127.0.0.1:4000', false],
    ['http://evil.example:4000', 'evil.example:4000', false],
    ['null', '127.0.0.1:4000', false],
    [undefined, '127.0.0.1:4000', false],
  ])('origin %s at %s: %s', (origin, host, may) => {
    expect(policy().allowsOrigin({ origin, host })).toBe(may);
  });

  it('those of the public URL, through whatever name the proxy calls us', () => {
    const open = policy({ publicUrl: 'https://rose.example.org' });
    expect(open.allowsOrigin({ origin: 'https://rose.example.org', host: '127.0.0.1:4000' })).toBe(true);
    expect(open.allowsOrigin({ origin: 'http://rose.example.org', host: 'rose.example.org' })).toBe(false);
  });
});
