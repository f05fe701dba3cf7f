import { connectToEngine } from './engine.ts';
import { networksOfHost } from './host-addresses.ts';
import { hostPathOf } from './own-container.ts';

/** Runs in a container, for own-container.test.ts: says where it is, and what its files are called outside. */
const { docker, own } = await connectToEngine(null);
const report =
  own === null
    ? null
    : {
        id: own.id,
        paths: ['/data', '/data/run/docker-1/in', '/data/sockets/a'].map((file) => hostPathOf(own, file)),
        networks: await networksOfHost(docker, own, {}, AbortSignal.timeout(60_000)),
      };
process.stdout.write(JSON.stringify(report));
