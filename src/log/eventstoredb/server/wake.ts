/** Lets one waiter sleep until it is rung; a ring while nobody sleeps is kept for the next sleep. */
export class Wake {
  #rung = false;
  #sleeper: (() => void) | undefined;

  readonly ring = (): void => {
    this.#rung = true;
    this.#sleeper?.();
    this.#sleeper = undefined;
  };

  async sleep(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#sleeper = resolve;
      });
    }
    this.#rung = false;
  }
}
