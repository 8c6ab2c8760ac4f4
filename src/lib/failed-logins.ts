/**
 * How often somebody may fail to prove who it is: counted by address and by the identity that was
 * claimed, in windows of time that begin with the first failure.
 *
 * A stranger must not be able to lock out whom it names, nor everybody behind its address: an identity
 * that has logged in from an address before is counted apart there, and these pairs outlast a flood.
 *
 *     address, identity seen together before? --yes--> counted as that pair alone
 *                       |no
 *                       +--> counted for the address, and for the identity if there is one of that name
 *
 * Every table is bounded; when one is full, what is oldest in it makes room.
 */
import { isIPv6 } from 'node:net';

/** Failures of one address in a window; further attempts are refused until it ends, right or wrong. */
export const FAILED_LOGINS_OF_ADDRESS_MAX = 100;
/** The same for one identity, and for one at an address that it is known at. */
export const FAILED_LOGINS_OF_IDENTITY_MAX = 20;
/** Length of a window, in ms. */
export const FAILED_LOGINS_MS_MAX = 60_000;
/** Addresses with failures that are counted at a time. */
export const FAILED_ADDRESSES_MAX = 65_536;
/** Identities, and pairs of one with an address. */
export const FAILED_IDENTITIES_MAX = 32_768;
/** Addresses that one identity is known at; the one that was not used for longest is forgotten. */
export const KNOWN_ADDRESSES_MAX = 16;
/** Since its last login there, in ms. */
export const KNOWN_ADDRESS_MS_MAX = 7 * 24 * 3_600_000;

interface Window {
  failures: number;
  readonly endMs: number;
}

class Windows {
  readonly #windows = new Map<string, Window>();
  readonly #failuresMax: number;
  readonly #windowsMax: number;

  constructor(failuresMax: number, windowsMax: number) {
    this.#failuresMax = failuresMax;
    this.#windowsMax = windowsMax;
  }

  get size(): number {
    return this.#windows.size;
  }

  waitMs(key: string, nowMs: number): number {
    const window = this.#windows.get(key);
    if (window === undefined || window.failures < this.#failuresMax) return 0;
    return Math.max(0, window.endMs - nowMs);
  }

  add(key: string, nowMs: number): void {
    const window = this.#windows.get(key);
    if (window !== undefined && window.endMs > nowMs) {
      window.failures += 1;
      return;
    }
    this.#windows.delete(key);
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size < this.#windowsMax) break;
      this.#windows.delete(oldest);
    }
    this.#windows.set(key, { failures: 1, endMs: nowMs + FAILED_LOGINS_MS_MAX });
  }

  take(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    window.failures -= 1;
    if (window.failures <= 0) this.#windows.delete(key);
  }

  /** Oldest first, so it ends at the first that is not over. */
  sweep(nowMs: number): void {
    for (const [key, { endMs }] of this.#windows) {
      if (endMs > nowMs) return;
      this.#windows.delete(key);
    }
  }
}

export class FailedLogins {
  readonly #addresses = new Windows(FAILED_LOGINS_OF_ADDRESS_MAX, FAILED_ADDRESSES_MAX);
  readonly #identities = new Windows(FAILED_LOGINS_OF_IDENTITY_MAX, FAILED_IDENTITIES_MAX);
  /** When an identity last logged in from which addresses, oldest first. */
  readonly #known = new Map<string, Map<string, number>>();

  /** Nothing is counted: whoever comes may try. */
  get quiet(): boolean {
    return this.#addresses.size === 0 && this.#identities.size === 0;
  }

  /**
   * @param address without its port
   * @param identity that is claimed, when there is one of that name
   * @returns milliseconds until it may try again; 0: now
   */
  waitMs(address: string, identity: string | undefined, nowMs: number): number {
    if (this.quiet) return 0;
    const network = networkOf(address);
    if (identity === undefined) return this.#addresses.waitMs(network, nowMs);
    if (this.#isKnown(identity, network, nowMs)) {
      return this.#identities.waitMs(pairOf(identity, network), nowMs);
    }
    const ofAddress = this.#addresses.waitMs(network, nowMs);
    return Math.max(ofAddress, this.#identities.waitMs(identity, nowMs));
  }

  failed(address: string, identity: string | undefined, nowMs: number): void {
    this.#addresses.sweep(nowMs);
    this.#identities.sweep(nowMs);
    const network = networkOf(address);
    if (identity !== undefined && this.#isKnown(identity, network, nowMs)) {
      this.#identities.add(pairOf(identity, network), nowMs);
      return;
    }
    this.#addresses.add(network, nowMs);
    if (identity !== undefined) this.#identities.add(identity, nowMs);
  }

  /** Takes a failure back that was counted before its outcome was known. */
  forgive(address: string, identity: string, nowMs: number): void {
    const network = networkOf(address);
    if (this.#isKnown(identity, network, nowMs)) {
      this.#identities.take(pairOf(identity, network));
      return;
    }
    this.#addresses.take(network);
    this.#identities.take(identity);
  }

  succeeded(address: string, identity: string, nowMs: number): void {
    const network = networkOf(address);
    const known = this.#known.get(identity) ?? new Map<string, number>();
    this.#known.set(identity, known);
    // Nearly all requests: seen there a moment ago.
    const last = known.get(network);
    if (last !== undefined && nowMs - last < FAILED_LOGINS_MS_MAX) return;
    known.delete(network);
    known.set(network, nowMs);
    for (const oldest of known.keys()) {
      if (known.size <= KNOWN_ADDRESSES_MAX) return;
      known.delete(oldest);
    }
  }

  /** Forgets identities that are no more. */
  keep(identities: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!identities.has(name)) this.#known.delete(name);
  }

  #isKnown(identity: string, network: string, nowMs: number): boolean {
    const last = this.#known.get(identity)?.get(network);
    return last !== undefined && nowMs - last < KNOWN_ADDRESS_MS_MAX;
  }
}

const pairOf = (identity: string, network: string): string => `${identity}\n${network}`;

/** An IPv4 address, or the 64 bits of an IPv6 address that a site has to itself. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ''] = address.split('%', 1);
  if (!isIPv6(bare)) return address;
  const [head = '', tail] = bare.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + last < 8) groups.push('0');
    if (last > 0) groups.push(...tail.split(':'));
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
