/**
 * Puts the segments of each direction of each TCP connection in order.
 *
 * Retransmitted bytes are delivered once. A segment ahead of its turn waits; when more waits than
 * the limits allow, or the capture ends, what is missing is reported as a gap and the stream goes
 * on behind it. All arithmetic on sequence numbers is modulo 2^32.
 */
/** Directions followed at a time; one more closes the one idle longest. */
export const TCP_FLOWS_MAX = 4096;
export const TCP_WAITING_SEGMENTS_MAX = 1024;
export const TCP_WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** Receives a flow's bytes. `flow` is the key given with the segments. */
export interface StreamSink {
  /** A connection begins, or a flow that was under way is seen for the first time. */
  opened(flow: string): void;
  /** Bytes in order; valid during the call. */
  data(flow: string, bytes: Uint8Array): void;
  /** `count` bytes were not captured. */
  gap(flow: string, count: number): void;
  /** No more bytes of this flow: the capture ends, or it gives way to another connection. */
  closed(flow: string): void;
}

interface Segment {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Bytes behind `bytes` that were sent and not captured. */
  readonly missing: number;
}

interface Flow {
  readonly start: number;
  next: number;
  waiting: Segment[];
  waitingBytes: number;
}

/** a - b for sequence numbers. */
export function sequenceDistance(a: number, b: number): number {
  return (a - b) | 0;
}

export class TcpReassembler {
  private readonly flows = new Map<string, Flow>();
  private readonly sink: StreamSink;
  private readonly starts: Map<string, number>;

  /** `starts`: first sequence number of flows that the capture joins under way. */
  constructor(sink: StreamSink, starts: ReadonlyMap<string, number> = new Map()) {
    this.sink = sink;
    this.starts = new Map(starts);
  }

  /** Takes one segment; copies `bytes` only when it has to wait. */
  segment(key: string, sequence: number, syn: boolean, bytes: Uint8Array, missing = 0): void {
    if (syn) {
      const flow = this.flows.get(key);
      // A repeated SYN of the same connection changes nothing.
      if (flow?.start !== (sequence + 1) >>> 0) {
        this.close(key);
        this.open(key, (sequence + 1) >>> 0);
      }
    }
    if (bytes.length + missing === 0) return;
    const flow = this.touch(key) ?? this.open(key, this.starts.get(key) ?? sequence);
    const first = syn ? (sequence + 1) >>> 0 : sequence;
    this.accept(key, flow, { sequence: first, bytes, missing });
  }

  /** The capture is over: delivers what still waits, with its gaps. */
  end(): void {
    for (const key of [...this.flows.keys()]) this.close(key);
  }

  /** The flow, moved behind all others: the map is in order of last use. */
  private touch(key: string): Flow | undefined {
    const flow = this.flows.get(key);
    if (flow === undefined) return undefined;
    this.flows.delete(key);
    this.flows.set(key, flow);
    return flow;
  }

  private open(key: string, next: number): Flow {
    if (this.flows.size >= TCP_FLOWS_MAX) {
      const idle = this.flows.keys().next();
      if (idle.done !== true) this.close(idle.value);
    }
    // A start holds once: the flow may be closed for room and come back further on.
    this.starts.delete(key);
    const flow: Flow = { start: next, next, waiting: [], waitingBytes: 0 };
    this.flows.set(key, flow);
    this.sink.opened(key);
    return flow;
  }

  private close(key: string): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    while (flow.waiting.length > 0) this.skipGap(key, flow);
    this.flows.delete(key);
    this.sink.closed(key);
  }

  private accept(key: string, flow: Flow, segment: Segment): void {
    if (sequenceDistance(segment.sequence, flow.next) > 0) {
      this.wait(flow, segment);
      const over =
        flow.waiting.length > TCP_WAITING_SEGMENTS_MAX || flow.waitingBytes > TCP_WAITING_BYTES_MAX;
      if (over) this.skipGap(key, flow);
      return;
    }
    this.deliver(key, flow, segment);
    this.drain(key, flow);
  }

  private wait(flow: Flow, segment: Segment): void {
    const copy = { ...segment, bytes: segment.bytes.slice() };
    let at = flow.waiting.length;
    while (at > 0 && sequenceDistance(flow.waiting[at - 1]!.sequence, copy.sequence) > 0) at--;
    flow.waiting.splice(at, 0, copy);
    flow.waitingBytes += copy.bytes.length;
  }

  /** Delivers what of a segment that is not ahead of its turn is new. */
  private deliver(key: string, flow: Flow, { sequence, bytes, missing }: Segment): void {
    const known = -sequenceDistance(sequence, flow.next);
    const fresh = bytes.length - known;
    if (fresh > 0) {
      flow.next = (flow.next + fresh) >>> 0;
      this.sink.data(key, bytes.subarray(known));
    }
    const lost = Math.min(missing, fresh + missing);
    if (lost > 0) {
      flow.next = (flow.next + lost) >>> 0;
      this.sink.gap(key, lost);
    }
  }

  private drain(key: string, flow: Flow): void {
    let first = flow.waiting[0];
    while (first !== undefined && sequenceDistance(first.sequence, flow.next) <= 0) {
      flow.waiting.shift();
      flow.waitingBytes -= first.bytes.length;
      this.deliver(key, flow, first);
      first = flow.waiting[0];
    }
  }

  private skipGap(key: string, flow: Flow): void {
    const first = flow.waiting[0];
    if (first === undefined) return;
    this.sink.gap(key, sequenceDistance(first.sequence, flow.next));
    flow.next = first.sequence;
    this.drain(key, flow);
  }
}
