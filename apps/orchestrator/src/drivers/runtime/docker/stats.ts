import type { ContainerStats as EngineStats } from 'dockerode';
import type { ContainerStats } from '../runtime.ts';

/**
 * What a container uses. Memory without the page cache that the kernel would give back at once:
 * cgroup v1 and v2 name that differently. All zero for a container that does not run.
 */
export function containerStats(found: EngineStats): ContainerStats {
  const memory: Partial<EngineStats['memory_stats']> = found.memory_stats;
  const detail: Partial<Record<string, number>> = { ...memory.stats };
  const cache = detail.total_inactive_file ?? detail.inactive_file ?? 0;
  return {
    memoryBytes: Math.max(0, (memory.usage ?? 0) - cache),
    memoryLimitBytes: memory.limit ?? 0,
    cpuSeconds: (found.cpu_stats.cpu_usage.total_usage ?? 0) / 1e9,
    pids: found.pids_stats?.current ?? 0,
  };
}
