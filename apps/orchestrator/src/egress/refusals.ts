/** Something that a container was refused, for the log and the UI. */
export interface Refusal {
  projectId: number;
  host: string;
  port: number;
  reason: string;
  /** Refusals since the last one told, which were too many to tell. */
  untold: number;
}

const PER_MINUTE = 30;
const MAX_HOST = 253;
/** It may name the host. */
const MAX_REASON = 400;

/** Tells a project's refusals, at most 30 a minute: a container can be refused as often as it likes. */
export class RefusalReports {
  readonly #tell: (refusal: Refusal) => void;
  #minute = 0;
  #told = 0;
  #untold = 0;

  constructor(tell: (refusal: Refusal) => void) {
    this.#tell = tell;
  }

  add(refusal: Omit<Refusal, 'untold'>): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#told = 0;
    }
    if (this.#told >= PER_MINUTE) {
      this.#untold += 1;
      return;
    }
    this.#told += 1;
    const { host, reason } = refusal;
    const told = { ...refusal, host: host.slice(0, MAX_HOST), reason: reason.slice(0, MAX_REASON) };
    this.#tell({ ...told, untold: this.#untold });
    this.#untold = 0;
  }
}
