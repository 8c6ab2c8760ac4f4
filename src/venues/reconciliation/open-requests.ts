/**
 * What a venue was asked and has not answered, from the log: new orders, cancels, replaces, and the
 * cancels of our own that have no client order id. An entry for each order that waits, none for the rest.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { RECONCILING_ACTION, VENUE_DIFFERENCE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';

const cancel = eventLayouts.CancelRequested.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const rejected = eventLayouts.CancelRejected.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const after = eventLayouts.OrderAcknowledged.offsets;
const found = eventLayouts.VenueDifferenceFound.offsets;

/** Of one order. */
export interface OpenRequest {
  /** Since when the venue owes an answer and has said nothing, ns. */
  readonly since: bigint;
  /** It was routed, and nothing was heard of it. */
  readonly silent: boolean;
  /** Cancels and replaces with an id. */
  readonly named: number;
  /** Cancels of our own: all of it, a part of it. */
  readonly all: boolean;
  readonly cut: boolean;
  /** The venue was asked in vain, and people were told. */
  readonly raised: boolean;
}

const NONE: Omit<OpenRequest, 'since'> = {
  ...{ silent: false, named: 0, all: false, cut: false, raised: false },
};

export class OpenRequests {
  readonly #open = new Map<number, OpenRequest>();

  of(orderId: number): OpenRequest | undefined {
    return this.#open.get(orderId);
  }

  orders(): IterableIterator<number> {
    return this.#open.keys();
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a record about an order of the venue. */
  take(b: RecordBuffer, at: number, number: number): void {
    const orderId = b.f64[(at + cancel.orderId) >> 3] as number;
    switch (number) {
      case EVENT.OrderRouted:
        this.#ask(b, at, orderId, { silent: true });
        return;
      case EVENT.CancelRequested:
        this.#cancelRequested(b, at, orderId);
        return;
      case EVENT.ReplaceRequested:
        this.#ask(b, at, orderId, { named: (this.of(orderId)?.named ?? 0) + 1 });
        return;
      case EVENT.RequestRepeated:
      case EVENT.CancelPending:
      case EVENT.ReplacePending:
        this.#answer(b, at, orderId, {});
        return;
      case EVENT.VenueDifferenceFound:
        // Waited for: it is looked at again when as much time has passed once more.
        if (b.bytes[at + found.difference] === VENUE_DIFFERENCE.RequestUnanswered) {
          const raised = b.bytes[at + found.action] === RECONCILING_ACTION.Raised;
          this.#answer(b, at, orderId, { raised });
        }
        return;
      case EVENT.CancelRejected:
      case EVENT.ReplaceRejected:
        if (b.bytes[at + rejected.refusedHere] === 0) this.#rejected(b, at, orderId);
        return;
      case EVENT.OrderReplaced:
        if (b.i32[(at + replaced.clOrdId) >> 2] !== 0) this.#answerNamed(b, at, orderId);
        return;
      case EVENT.OrderCanceled:
        this.#canceled(b, at, orderId);
        return;
      case EVENT.OrderRejected:
      case EVENT.OrderExpired:
        this.#open.delete(orderId);
        return;
      default:
        if (this.of(orderId)?.silent) this.#answer(b, at, orderId, { silent: false });
    }
  }

  #cancelRequested(b: RecordBuffer, at: number, orderId: number): void {
    if (b.i32[(at + cancel.clOrdId) >> 2] !== 0) {
      this.#ask(b, at, orderId, { named: (this.of(orderId)?.named ?? 0) + 1 });
      return;
    }
    const all = b.f64[(at + cancel.quantity) >> 3] === 0;
    this.#ask(b, at, orderId, all ? { all } : { cut: true });
  }

  #rejected(b: RecordBuffer, at: number, orderId: number): void {
    if (b.i32[(at + rejected.clOrdId) >> 2] !== 0) this.#answerNamed(b, at, orderId);
    else if (b.u16[(at + rejected.reason) >> 1] === REASON.VENUE_REJECTED) {
      this.#answerOurs(b, at, orderId);
    }
  }

  #canceled(b: RecordBuffer, at: number, orderId: number): void {
    if (b.f64[(at + after.leavesQuantity) >> 3] === 0) this.#open.delete(orderId);
    else if (b.i32[(at + canceled.clOrdId) >> 2] !== 0) this.#answerNamed(b, at, orderId);
    else this.#answerOurs(b, at, orderId);
  }

  #answerNamed(b: RecordBuffer, at: number, orderId: number): void {
    const named = Math.max(0, (this.of(orderId)?.named ?? 0) - 1);
    this.#answer(b, at, orderId, { named, silent: false });
  }

  /** As the writer has it: of both, the part is over first. */
  #answerOurs(b: RecordBuffer, at: number, orderId: number): void {
    const cut = this.of(orderId)?.cut ?? false;
    this.#answer(b, at, orderId, cut ? { cut: false } : { all: false });
  }

  /** What was asked first waits longest: a further request does not start the wait anew. */
  #ask(b: RecordBuffer, at: number, orderId: number, change: Partial<OpenRequest>): void {
    const before = this.of(orderId);
    const since = before?.since ?? timeAt(b, at);
    this.#open.set(orderId, { ...NONE, ...before, since, ...change });
  }

  #answer(b: RecordBuffer, at: number, orderId: number, change: Partial<OpenRequest>): void {
    const before = this.of(orderId);
    if (before === undefined) return;
    const now = { ...before, since: timeAt(b, at), raised: false, ...change };
    if (now.silent || now.named > 0 || now.all || now.cut) this.#open.set(orderId, now);
    else this.#open.delete(orderId);
  }
}

function timeAt(b: RecordBuffer, at: number): bigint {
  const word = (at + HEADER.time) >> 2;
  return (BigInt(b.i32[word + 1] as number) << 32n) | BigInt(b.u32[word] as number);
}
