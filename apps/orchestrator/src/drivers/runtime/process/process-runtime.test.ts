import path from 'node:path';
import { createProcessRuntime } from './index.ts';
import { runtimeSuite } from '../runtime.suite.ts';
import { findCgroups } from './cgroups.ts';
import type { Way } from './ways.ts';
import { canLimitByUser } from './start-container.ts';

const cgroups = await findCgroups();

for (const way of ['bubblewrap', 'util-linux'] as const satisfies Way[]) {
  runtimeSuite(
    `process runtime by ${way}`,
    ({ dataDir, installation, imageFolder }) =>
      createProcessRuntime({
        dataDir,
        installation,
        agentDir: path.join(imageFolder, 'dist'),
        host: '127.0.0.1',
        extraCaFile: null,
        upstreamProxy: null,
        way,
      }),
    {
      enforced: {
        memory: cgroups.memory !== undefined,
        cpu: cgroups.cpu !== undefined,
        pids: cgroups.pids !== undefined || canLimitByUser(way),
      },
    },
  );
}
