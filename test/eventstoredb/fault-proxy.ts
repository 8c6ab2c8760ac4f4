import { createServer, type Server, Socket } from 'node:net';

/** What happens to the connections that are open, or come, while a fault is armed. */
export type Fault =
  /** Both ends are closed at once. */
  | { readonly kind: 'drop' }
  /** Closed once so many bytes have gone the way named, in the midst of a frame as it may be. */
  | { readonly kind: 'cut'; readonly way: 'request' | 'answer'; readonly afterBytes: number }
  /** Every piece waits that long; order is kept. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Nothing goes that way any more over the connections now open, and nobody is told. */
  | { readonly kind: 'stall'; readonly way: 'request' | 'answer' }
  /** What the client says is said a second time over a connection of its own. */
  | { readonly kind: 'duplicate' }
  /** So many connections are refused. */
  | { readonly kind: 'refuse'; readonly connections: number };

interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  mirror: Socket | undefined;
  stalled: 'request' | 'answer' | undefined;
}

/** A TCP proxy that treats its connections as badly as a network may. */
export class FaultProxy {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #upstreamPort: number;
  #fault: Fault | undefined;
  #budget = 0;
  #refusals = 0;
  /** Connections, and pieces, that a fault has met. */
  hits = 0;

  static async start(upstreamPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstreamPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer((client) => this.#connect(client));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  arm(fault: Fault): void {
    this.#fault = fault;
    if (fault.kind === 'cut') this.#budget = fault.afterBytes;
    if (fault.kind === 'refuse') this.#refusals = fault.connections;
    if (fault.kind === 'drop' || fault.kind === 'refuse') this.dropAll();
    if (fault.kind === 'stall') for (const link of this.#links) link.stalled = fault.way;
    if (fault.kind === 'drop' || fault.kind === 'stall') this.#fault = undefined;
  }

  /** Back to a good network. Connections that stalled stay so. */
  disarm(): void {
    this.#fault = undefined;
    this.#refusals = 0;
  }

  dropAll(): void {
    for (const link of this.#links) {
      this.hits += 1;
      this.#close(link);
    }
  }

  stop(): void {
    this.dropAll();
    this.#server.close();
  }

  #connect(client: Socket): void {
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      this.hits += 1;
      client.destroy();
      return;
    }
    const upstream = new Socket().connect(this.#upstreamPort, '127.0.0.1');
    const link: Link = { client, upstream, mirror: undefined, stalled: undefined };
    this.#links.add(link);
    if (this.#fault?.kind === 'duplicate') {
      this.hits += 1;
      link.mirror = new Socket().connect(this.#upstreamPort, '127.0.0.1');
      link.mirror.on('error', () => {});
      link.mirror.resume();
    }
    const requests = new Pipe((piece) => this.#pass(link, 'request', piece));
    const answers = new Pipe((piece) => this.#pass(link, 'answer', piece));
    client.on('data', (piece) => requests.push(piece, this.#delay()));
    upstream.on('data', (piece) => answers.push(piece, this.#delay()));
    for (const socket of [client, upstream]) {
      socket.on('error', () => this.#close(link));
      socket.on('close', () => this.#close(link));
    }
  }

  #delay(): number {
    return this.#fault?.kind === 'delay' ? this.#fault.milliseconds : 0;
  }

  #pass(link: Link, way: 'request' | 'answer', piece: Buffer): void {
    const fault = this.#fault;
    if (link.stalled === way) {
      this.hits += 1;
      link[way === 'request' ? 'client' : 'upstream'].pause();
      return;
    }
    if (fault?.kind === 'cut' && fault.way === way) {
      this.#budget -= piece.length;
      if (this.#budget < 0) {
        this.hits += 1;
        this.#forward(link, way, piece.subarray(0, Math.max(0, piece.length + this.#budget)));
        this.#fault = undefined;
        this.#close(link);
        return;
      }
    }
    this.#forward(link, way, piece);
  }

  #forward(link: Link, way: 'request' | 'answer', piece: Buffer): void {
    if (way === 'answer') {
      link.client.write(piece);
      return;
    }
    link.upstream.write(piece);
    link.mirror?.write(piece);
  }

  /** Lets what was written go out first: a cut loses what comes after it, not before. */
  #close(link: Link): void {
    if (!this.#links.delete(link)) return;
    link.client.destroySoon();
    link.upstream.destroySoon();
    link.mirror?.destroySoon();
  }
}

/** Pieces in order, each after its delay. */
class Pipe {
  readonly #deliver: (piece: Buffer) => void;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(deliver: (piece: Buffer) => void) {
    this.#deliver = deliver;
  }

  push(piece: Buffer, delayMs: number): void {
    if (delayMs === 0 && this.#waiting === 0) {
      this.#deliver(piece);
      return;
    }
    this.#waiting += 1;
    this.#tail = this.#tail
      .then(() => new Promise<void>((resolve) => setTimeout(resolve, delayMs)))
      .then(() => {
        this.#waiting -= 1;
        this.#deliver(piece);
      });
  }
}
