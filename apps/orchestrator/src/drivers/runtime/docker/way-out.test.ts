import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EgressProxy } from '../../../egress/supervisor.ts';
import type { EgressPolicy } from '../../../egress/rules.ts';
import { AgentInContainer, agentIsMissing } from './agent-in-container.ts';
import { findTestEngine } from './test-engine.ts';

const engine = await findTestEngine();
const skip = typeof engine === 'string' ? engine : agentIsMissing();
/** A loopback address that NO_PROXY does not name. */
const HOST = '127.0.0.2';
const PUBLIC: EgressPolicy = { mode: 'public', allow: [] };

describe.skipIf(skip !== null)(skip === null ? 'way out' : `way out (skipped: ${skip})`, () => {
  const stack = new AsyncDisposableStack();
  let ada: AgentInContainer;
  let proxy: EgressProxy;
  let url: string;
  const refused: string[] = [];

  beforeAll(async () => {
    if (typeof engine === 'string') return;
    const folder = await mkdtemp(path.join(tmpdir(), 'rose-way-out-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const { certificate, key } = await makeCertificate(folder);
    const server = await serveRegistry(certificate, key);
    stack.defer(() => server.close().closeAllConnections());
    const authority = `${HOST}:${(server.address() as AddressInfo).port}`;
    url = `https://${authority}`;
    proxy = stack.use(
      new EgressProxy({
        rules: { ports: [80, 443], privateHosts: [authority], refusedNetworks: [], upstreamProxy: null },
        refused: ({ host }) => void refused.push(host),
        restarted: () => {},
      }),
    );
    proxy.start();
    ada = stack.use(await AgentInContainer.start(engine, { extraCaFile: certificate }));
    await proxy.listen(1, ada.info.egressSocket, PUBLIC);
  });
  afterAll(() => stack.disposeAsync());

  test.for([
    ['curl', 'curl -sS URL/hello', 'hello'],
    ['npm', 'npm view left-pad version --registry URL', '1.3.0'],
    ['git', 'git ls-remote URL/repository.git', 'refs/heads/main'],
    ['python', `python3 -c "import urllib.request as r; print(r.urlopen('URL/hello').read())"`, 'hello'],
    ['Node', `node -e "fetch('URL/hello').then((r) => r.text()).then(console.log)"`, 'hello'],
  ])('%s reaches a host through the proxy, and trusts the extra certificates', async ([_tool, script = '', answer]) => {
    const { code, output } = await ada.run(script.replace('URL', url));
    expect(output).toContain(answer);
    expect(code).toBe(0);
  });

  test('a private address is refused, and said so', async () => {
    const { output } = await ada.run('curl -sS http://10.0.0.1/; curl -sS https://169.254.169.254/');
    expect(output).toContain('10.0.0.1 is refused: its address is private.');
    expect(output).toContain('403');
    await expect.poll(() => refused).toEqual(expect.arrayContaining(['10.0.0.1', '169.254.169.254']));
  });

  test('without the proxy there is no way out', async () => {
    const { code } = await ada.run(`curl -sS --noproxy '*' --max-time 5 ${url}/hello`);
    expect(code).not.toBe(0);
  });

  test('a project without network reaches nothing', async () => {
    await proxy.setPolicy(1, { mode: 'none', allow: [] });
    const { output } = await ada.run(`curl -sS ${url}/hello`);
    expect(output).toContain('403');
    await proxy.setPolicy(1, PUBLIC);
  });
});

/** Just enough of a registry and of a repository for the tools above. */
async function serveRegistry(certificate: string, key: string): Promise<https.Server> {
  const version = { name: 'left-pad', version: '1.3.0', dist: { tarball: 'https://example.org/left-pad.tgz' } };
  const answers: Record<string, string> = {
    '/hello': 'hello',
    '/left-pad': JSON.stringify({ name: 'left-pad', 'dist-tags': { latest: '1.3.0' }, versions: { '1.3.0': version } }),
    '/repository.git/info/refs': `${'a'.repeat(40)}\trefs/heads/main\n`,
    '/repository.git/HEAD': 'ref: refs/heads/main\n',
  };
  const options = { cert: await readFile(certificate), key: await readFile(key) };
  const server = https.createServer(options, (request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''];
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  return server;
}

/** Signed by itself: nobody trusts it who was not told to. */
async function makeCertificate(folder: string): Promise<{ certificate: string; key: string }> {
  const certificate = path.join(folder, 'certificate.pem');
  const key = path.join(folder, 'key.pem');
  // Where the host is an address, npm checks the name of the proxy instead.
  const names = `subjectAltName=IP:${HOST},IP:127.0.0.1,DNS:localhost`;
  const subject = ['-subj', '/CN=rose test', '-addext', names];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', [...kind, ...subject, '-keyout', key, '-out', certificate]);
  return { certificate, key };
}
