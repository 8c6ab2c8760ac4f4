/** Lines to standard output in large pieces, waiting for a slow reader, ending with a gone one. */

/** Characters collected before they are written. */
const PIECE_CHARACTERS = 64 * 1024;

export class LineOutput {
  readonly #stream: NodeJS.WritableStream;
  #text = '';
  /** The reader has gone (`| head`): nothing is left to do, and that is no failure. */
  gone = false;

  constructor(stream: NodeJS.WritableStream = process.stdout) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      this.gone = true;
    });
  }

  /** Whether `flush` is due. */
  get full(): boolean {
    return this.#text.length >= PIECE_CHARACTERS;
  }

  line(text: string): void {
    this.#text += `${text}\n`;
  }

  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text === '' || this.gone) return;
    await new Promise<void>((done) => {
      this.#stream.write(text, () => done());
    });
  }
}
