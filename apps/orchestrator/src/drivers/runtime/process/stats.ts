import type { ContainerStats } from '../runtime.ts';
import { usageOf } from './cgroups.ts';
import { PAGE_BYTES, TICKS_PER_SECOND } from './proc.ts';
import type { ContainerRecord } from './records.ts';
import type { Sandbox } from './sandbox.ts';

/** Counted by cgroups where there are any, else added up from its processes; zero when it does not run. */
export async function statsOf(record: ContainerRecord, sandbox: Sandbox | null): Promise<ContainerStats> {
  const memoryLimitBytes = record.spec.limits.memoryMiB * 1024 * 1024;
  const none = { memoryBytes: 0, memoryLimitBytes, cpuSeconds: 0, pids: 0 };
  if (record.run === null || !sandbox?.alive) return none;
  const processes = sandbox.processes();
  const added = processes.reduce(
    (sum, { residentPages, cpuTicks }) => ({
      ...sum,
      memoryBytes: sum.memoryBytes + residentPages * PAGE_BYTES,
      cpuSeconds: sum.cpuSeconds + cpuTicks / TICKS_PER_SECOND,
    }),
    { ...none, pids: processes.length },
  );
  return { ...added, ...(await usageOf(record.run.cgroup)) };
}
