import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** What lives in the heap when it counts as large, bytes. */
const LARGE_BYTES = 80 * 1024 * 1024;
/** By so much a large heap may grow before it is collected again, percent; V8 itself lets it grow several times over. */
const LARGE_GROWTH = 30;
const AS_V8_SEES_FIT = 0;

/**
 * Keeps the heap of a process from growing far beyond what lives in it: 400 MB are for an orchestrator, whatever it lists
 * or compares. A small heap is left alone, since collecting it more often would cost a fifth of a save's time.
 */
export function boundHeapGrowth(): Disposable {
  let growth = AS_V8_SEES_FIT;
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isMajor)) return;
    const wanted = getHeapStatistics().used_heap_size > LARGE_BYTES ? LARGE_GROWTH : AS_V8_SEES_FIT;
    if (wanted === growth) return;
    growth = wanted;
    setFlagsFromString(`--heap-growing-percent=${growth}`);
  });
  observer.observe({ entryTypes: ['gc'] });
  return { [Symbol.dispose]: () => observer.disconnect() };
}

function isMajor(entry: object): boolean {
  const { detail } = entry as { detail?: { kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
