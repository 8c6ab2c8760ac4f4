/** The account of orders without Firm, looked up again only when it may be another. */
import type { SessionConfig } from './config.js';
import type { Tradables } from './tradable.js';

export class DefaultAccount {
  #index = 0;
  #config: SessionConfig | undefined;
  #version = -1;

  /** Its index, 0 when there is none: as of the session's configuration and the accounts now. */
  of(config: SessionConfig, tradables: Tradables): number {
    if (config !== this.#config || tradables.accountsVersion !== this.#version) {
      this.#config = config;
      this.#version = tradables.accountsVersion;
      this.#index = tradables.account(config.defaultAccount);
    }
    return this.#index;
  }
}
