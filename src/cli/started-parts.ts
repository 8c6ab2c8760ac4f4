/** What has been started, newest last: stopped in the opposite order. */
export class StartedParts {
  readonly #stops: (() => Promise<unknown>)[] = [];

  /** Keeps how to stop what `part` resolves with. */
  async add<T>(part: Promise<T>, stop: (part: T) => Promise<unknown>): Promise<T> {
    const started = await part;
    this.#stops.push(() => stop(started));
    return started;
  }

  /** Stops all, also when one of them fails to; the first such failure is thrown at the end. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
