/** When each project was last used: by calls, by streams that are still open. */
export class Activity {
  readonly #projects = new Map<number, { lastMs: number; open: number }>();

  touch(projectId: number): void {
    this.#of(projectId).lastMs = Date.now();
  }

  /** A use that lasts until it is disposed. */
  begin(projectId: number): Disposable {
    // Held: a use that outlives its container says nothing of the next one.
    const project = this.#of(projectId);
    project.open += 1;
    return {
      [Symbol.dispose]: () => {
        project.open -= 1;
        project.lastMs = Date.now();
      },
    };
  }

  /** Ms since the project was last used; 0 while a use is open. */
  idleMs(projectId: number): number {
    const { lastMs, open } = this.#of(projectId);
    return open > 0 ? 0 : Date.now() - lastMs;
  }

  forget(projectId: number): void {
    this.#projects.delete(projectId);
  }

  #of(projectId: number): { lastMs: number; open: number } {
    let project = this.#projects.get(projectId);
    if (project === undefined) this.#projects.set(projectId, (project = { lastMs: Date.now(), open: 0 }));
    return project;
  }
}
