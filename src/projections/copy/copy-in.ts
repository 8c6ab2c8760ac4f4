import type pg from 'pg';

/** Bytes per CopyData message: the server parses one while the next is on its way. */
const CHUNK_BYTES = 128 * 1024;
const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

interface CopyConnection {
  query(text: string): void;
  readonly stream: {
    write(bytes: Uint8Array): boolean;
    cork(): void;
    uncork(): void;
  };
}

/**
 * Sends finished rows by `COPY ... FROM STDIN (FORMAT binary)`.
 *
 * The rows are one buffer that exists already, so this hands the driver its chunks without copying,
 * instead of the generic stream of `pg-copy-streams` (`npm run bench -- projections`). The buffer
 * belongs to the connection until the promise settles.
 *
 * @returns rows taken
 * @throws pg.DatabaseError of the server; the transaction is then to be rolled back
 */
export function copyIn(client: pg.ClientBase, sql: string, rows: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(sql, rows, resolve, reject) as unknown as pg.Submittable);
  });
}

/** What the driver calls on its active query. */
class CopyIn {
  readonly #sql: string;
  readonly #rows: Buffer;
  readonly #resolve: (count: number) => void;
  readonly #reject: (error: Error) => void;
  #count = 0;

  constructor(
    sql: string,
    rows: Buffer,
    resolve: (count: number) => void,
    reject: (error: Error) => void,
  ) {
    this.#sql = sql;
    this.#rows = rows;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: CopyConnection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    const { stream } = connection;
    const rows = this.#rows;
    stream.cork();
    for (let at = 0; at < rows.length; at += CHUNK_BYTES) {
      const chunk = rows.subarray(at, at + CHUNK_BYTES);
      const head = Buffer.allocUnsafe(5);
      head[0] = COPY_DATA;
      head.writeInt32BE(chunk.length + 4, 1);
      stream.write(head);
      stream.write(chunk);
    }
    stream.write(COPY_DONE);
    stream.uncork();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#count = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#count);
  }

  handleError(error: Error): void {
    this.#reject(error);
  }
}
