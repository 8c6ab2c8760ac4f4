/** HTTP as bytes: what no well-behaved client sends. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Splits a stream of answers that say their length; `HEAD` and interim answers are not expected. */
export class AnswerReader {
  readonly #onAnswer: (answer: RawAnswer) => void;
  #text = '';

  constructor(onAnswer: (answer: RawAnswer) => void) {
    this.#onAnswer = onAnswer;
  }

  take(chunk: string): void {
    this.#text += chunk;
    for (;;) {
      const end = this.#text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#text.slice(0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      const from = end + 4;
      if (this.#text.length < from + length) return;
      const body = this.#text.slice(from, from + length);
      this.#text = this.#text.slice(from + length);
      this.#onAnswer({ status: Number(head.slice(9, 12)), head, body });
    }
  }
}

export function openSocket(address: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.setEncoding('latin1');
    socket.once('error', reject);
  });
}

/** All answers until the server closes the connection, which the request asks for. */
export async function exchange(address: string, bytes: string): Promise<RawAnswer[]> {
  const socket = await openSocket(address);
  const answers: RawAnswer[] = [];
  const reader = new AnswerReader((answer) => answers.push(answer));
  socket.on('data', (chunk: string) => reader.take(chunk));
  return new Promise((resolve) => {
    // A server that refuses while we send cuts the connection; what it said before counts.
    socket.on('error', () => resolve(answers));
    socket.on('close', () => resolve(answers));
    socket.write(bytes, 'latin1');
  });
}
