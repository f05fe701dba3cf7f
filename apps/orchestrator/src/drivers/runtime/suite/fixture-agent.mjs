// A stand-in for the agent: serves its socket, checks the secret, runs what it is told.
// Plain JavaScript without imports of ours, since it runs inside a dev container.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import http from 'node:http';

const { ROSE_AGENT_SOCKET, ROSE_AGENT_SECRET, ROSE_AGENT_WARM, ROSE_HOME } = process.env;
const forCommands = Object.entries(process.env)
  .filter(([name]) => name.startsWith('ROSE_COMMAND_'))
  .map(([name, value]) => [name.slice('ROSE_COMMAND_'.length), value]);
const environment = { ...process.env, ...Object.fromEntries(forCommands), HOME: process.env.HOME, ROSE_HOME };
if (ROSE_AGENT_WARM === '1') process.exit(0);

let ticks = 0;
setInterval(() => (ticks += 1), 20);

process.on('SIGTERM', () => {
  console.log('asked to end');
  if (environment.IGNORE_SIGTERM !== '1') process.exit(0);
});

http
  .createServer((request, response) => {
    if (request.headers['x-rose-secret'] !== ROSE_AGENT_SECRET) return response.writeHead(401).end();
    if (request.url === '/ticks') return response.end(JSON.stringify({ ticks }));
    let script = '';
    request.on('data', (chunk) => (script += chunk));
    request.on('end', () => {
      if (request.url === '/log') return process.stdout.write(script, () => response.end());
      const child = spawn('/bin/sh', ['-c', script], { cwd: ROSE_HOME, detached: true, env: environment });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => (output = (output + chunk).slice(-100_000)));
      child.on('close', (code, signal) => response.end(JSON.stringify({ code, signal, output })));
    });
  })
  .listen((rmSync(ROSE_AGENT_SOCKET, { force: true }), ROSE_AGENT_SOCKET), () => console.log('serving'));
