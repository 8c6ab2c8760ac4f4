/** A file that is written in pieces and hashed on the way. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { Column, Row } from './report.js';

/** Rows to one format of file. */
export interface TableWriter {
  row(row: Row): void;
  /** Ends the file. */
  end(): void;
}

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws Error EEXIST: what was reported once is not written over */
export class HashedFile {
  readonly name: string;
  readonly #file: number;
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  constructor(directory: string, name: string) {
    this.name = name;
    this.#file = openSync(`${directory}/${name}`, 'wx', 0o640);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Durable when it returns. */
  close(): WrittenFile {
    fsyncSync(this.#file);
    closeSync(this.#file);
    return { name: this.name, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

export type OpenTable = (file: HashedFile, columns: readonly Column[]) => TableWriter;
