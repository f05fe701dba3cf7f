import { existsSync } from 'node:fs';
import path from 'node:path';
import { runtimeSuite } from '../runtime.suite.ts';
import { findCgroups } from './cgroups.ts';
import { createProcessRuntime } from './index.ts';
import { canLimitByUser } from './start-container.ts';
import { WAYS } from './ways.ts';

const cgroups = await findCgroups();
const noBubblewrap = existsSync('/usr/bin/bwrap') ? null : 'bubblewrap is not installed';

for (const way of WAYS) {
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
      isolated: way !== 'none',
      skip: way === 'bubblewrap' ? noBubblewrap : null,
    },
  );
}
