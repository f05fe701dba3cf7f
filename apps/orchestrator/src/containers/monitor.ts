import type { RefusalLog } from '../egress/refusal-log.ts';
import { LogReader } from './log-reader.ts';
import { StateWatches, type StateWatchesOptions } from './state-watches.ts';
import { UsageMeter, type UsageMeterOptions } from './usage-meter.ts';
import type { Runtime } from '../drivers/runtime/runtime.ts';

export interface MonitorOptions extends StateWatchesOptions, UsageMeterOptions {
  runtime: Pick<Runtime, 'stats' | 'logs'>;
  refusals: RefusalLog;
}

/** What people may see of their containers without waking them. */
export class Monitor {
  readonly states: StateWatches;
  readonly usage: UsageMeter;
  readonly logs: LogReader;
  readonly refusals: RefusalLog;

  constructor(options: MonitorOptions) {
    this.refusals = options.refusals;
    this.states = new StateWatches(options);
    this.usage = new UsageMeter(options);
    this.logs = new LogReader(options.repository, options.runtime);
  }
}
