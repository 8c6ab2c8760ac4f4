/**
 * Records of older versions of an event, as a journal of earlier software holds them, made into those of
 * now: pure, one version at a time, checked when the process starts. What is stored stays as it is;
 * readers see the newest version only.
 *
 * ```
 *   segment of an older catalogue    record 7, version 1  --(1 to 2)-->  --(2 to 3)-->  record 7, version 3
 * ```
 *
 * To add a field: raise the event's version in `events.ts`, put an upcaster from the version before
 * here, and a journal of that version into `test/journal/older-versions/`.
 */
import { assert } from '../lib/assert.js';
import { HEADER, RECORD_BYTES_MAX, RECORD_HEADER_BYTES, RecordBuffer } from './event-record.js';
import { EVENT, type EventName, events } from './events.js';

export interface Upcaster {
  /** Of the event. */
  readonly number: number;
  /** The version that it takes; it makes the next one. */
  readonly from: number;
  /**
   * Writes the payload of the next version; all of the header but length and version is there already.
   * @param old the whole record, and `into` the new one: zero behind its header
   * @returns bytes of the new record, header included, a multiple of 8
   */
  upcast(old: DataView, into: DataView): number;
}

/** All of them. None is needed yet: every event has version 1. */
const UPCASTERS: readonly Upcaster[] = [];

/** A record of an event, or of a version of one, that this software does not know: it is older than the log. */
export class EventVersionError extends Error {
  override readonly name = 'EventVersionError';
  readonly code = 'EVENT_VERSION_UNKNOWN';
  readonly sequence: number;

  constructor(number: number, version: number, sequence: number) {
    super(`event ${sequence}: number ${number}, version ${version} is not known to this software`);
    this.sequence = sequence;
  }
}

/** Versions of now by number; 0 for numbers that no event has. */
function versionsOfNow(): Uint8Array {
  const versions = new Uint8Array(256);
  for (const name of Object.keys(EVENT) as EventName[]) {
    versions[EVENT[name]] = events[name].version;
  }
  return versions;
}

/** @throws AssertionError where a chain has a gap, or does not end with the version of now */
export class Upcasting {
  readonly #versions: Uint8Array;
  readonly #steps = new Map<number, Upcaster>();
  readonly #old = new Uint8Array(RECORD_BYTES_MAX);
  readonly #new = new Uint8Array(RECORD_BYTES_MAX);

  constructor(upcasters: readonly Upcaster[] = UPCASTERS, versions = versionsOfNow()) {
    this.#versions = versions;
    for (const step of upcasters) {
      const { number, from } = step;
      assert(from < (versions[number] as number), `event ${number} has no version after ${from}`);
      assert(!this.#steps.has(keyOf(number, from)), `event ${number} has two upcasters of ${from}`);
      this.#steps.set(keyOf(number, from), step);
    }
    for (const { number, from } of upcasters) {
      for (let version = from; version < (versions[number] as number); version += 1) {
        const there = this.#steps.has(keyOf(number, version));
        assert(there, `event ${number} has no upcaster of version ${version}`);
      }
    }
  }

  /**
   * The batch itself where all its records are of now; else another with all of them brought up to it.
   * @throws EventVersionError
   */
  batch(batch: RecordBuffer): RecordBuffer {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      if (!this.#isOfNow(batch.bytes, at)) return this.#rewrite(batch);
    }
    return batch;
  }

  /**
   * The record at `at` as one of now, in bytes that the next call overwrites.
   * @throws EventVersionError
   */
  record(bytes: Uint8Array, at: number): Uint8Array {
    let length = bytes[at + HEADER.length]! + 256 * bytes[at + HEADER.length + 1]!;
    assert(length <= RECORD_BYTES_MAX && at + length <= bytes.length, 'the record is whole');
    this.#new.set(bytes.subarray(at, at + length));
    while (!this.#isOfNow(this.#new, 0)) {
      const number = this.#new[HEADER.number]!;
      const version = this.#new[HEADER.version]!;
      const step = this.#steps.get(keyOf(number, version));
      this.#old.set(this.#new);
      const old = new DataView(this.#old.buffer, 0, length);
      if (step === undefined) {
        throw new EventVersionError(number, version, old.getFloat64(HEADER.sequence, true));
      }
      this.#new.fill(0, RECORD_HEADER_BYTES);
      const into = new DataView(this.#new.buffer);
      length = step.upcast(old, into);
      assert(length % 8 === 0 && length <= RECORD_BYTES_MAX, 'a record has a valid length');
      into.setUint16(HEADER.length, length, true);
      into.setUint8(HEADER.version, version + 1);
    }
    return this.#new.subarray(0, length);
  }

  #isOfNow(bytes: Uint8Array, at: number): boolean {
    const version = this.#versions[bytes[at + HEADER.number]!]!;
    return version > 0 && bytes[at + HEADER.version] === version;
  }

  #rewrite(batch: RecordBuffer): RecordBuffer {
    const records: Uint8Array[] = [];
    let length = 0;
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      const record = this.record(batch.bytes, at).slice();
      records.push(record);
      length += record.length;
    }
    const all = new RecordBuffer(length);
    for (const record of records) {
      all.bytes.set(record, all.length);
      all.length += record.length;
      all.count += 1;
    }
    return all;
  }
}

const keyOf = (number: number, version: number): number => number * 256 + version;

const lengthAt = (batch: RecordBuffer, at: number): number =>
  batch.u16[(at + HEADER.length) >> 1] as number;

/** Those of the catalogue; checked here, so at the start of every process. */
export const upcasting = new Upcasting();
