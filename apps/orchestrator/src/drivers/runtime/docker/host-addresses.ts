import type Docker from 'dockerode';
import { networkInterfaces } from 'node:os';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { RoseError } from '@rose/contract';
import { callEngine } from './calls.ts';
import { logText } from './logs.ts';
import type { OwnContainer } from './own-container.ts';

const ASK_MS = 60_000;

const SCRIPT =
  'process.stdout.write(JSON.stringify(Object.values(os.networkInterfaces()).flat().map(({ address }) => address)))';

/**
 * What an orchestrator in a container must keep dev containers from, beside the addresses of its own
 * interfaces: its neighbours there (the database), and the addresses of the host, which only a process in
 * the host's network sees: asked by a short-lived container without any right, of the orchestrator's own image.
 * @returns addresses and networks (address/prefix)
 * @throws RoseError CONTAINER_FAILED
 */
export async function networksOfHost(
  docker: Docker,
  own: OwnContainer,
  helperLabels: Record<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const neighbours = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ cidr }) => cidr),
  );
  return [
    ...neighbours.filter((cidr) => cidr !== null),
    ...(await hostAddresses(docker, own.imageId, helperLabels, signal)),
  ];
}

async function hostAddresses(
  docker: Docker,
  imageId: string,
  helperLabels: Record<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const output = await callEngine(
    'tell the addresses of its host',
    ASK_MS,
    async (abortSignal) => {
      const container = await docker.createContainer({
        Image: imageId,
        Entrypoint: ['node', '-e', SCRIPT],
        Cmd: [],
        Labels: helperLabels,
        User: '65534:65534',
        Healthcheck: { Test: ['NONE'] },
        HostConfig: {
          AutoRemove: true,
          NetworkMode: 'host',
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges'],
          ReadonlyRootfs: true,
          PidsLimit: 64,
          Memory: 128 * 1024 * 1024,
        },
        abortSignal,
      });
      try {
        const stream = (await container.attach({ stream: true, stdout: true, abortSignal })) as unknown as Readable;
        await container.start({ abortSignal });
        return logText(await buffer(stream));
      } finally {
        await container.remove({ force: true, v: true }).catch(() => {});
      }
    },
    signal,
  );
  const parsed = z.array(z.string()).safeParse(jsonOf(output));
  if (!parsed.success) throw new RoseError('CONTAINER_FAILED', 'The addresses of the host could not be found out.');
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
