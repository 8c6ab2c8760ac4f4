import code from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { assert } from '../../lib/assert.js';
import type { AppendFrame } from './append-frame.js';
import { StoreError, storeError } from './store-errors.js';

/** What became of an append. After `lost` nobody knows: it may or may not have been written. */
export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: number }
  | { readonly kind: 'wrong-revision'; readonly current: number }
  | { readonly kind: 'lost'; readonly error: StoreError }
  | { readonly kind: 'refused'; readonly error: StoreError };

export type AppendCall = ClientDuplexStream<Buffer, streams.BatchAppendResp>;

interface Pending {
  readonly settle: (outcome: AppendOutcome) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Appends over one `BatchAppend` call, several in flight, written in the order they were handed in.
 *
 * The client's own `appendToStream` is not used on purpose. Its batch appends have no timer, so a lost
 * answer is waited for forever; and it keeps the promises of every client of the process in one map,
 * so the failure of one shard's connection rejects the appends of all, and the answers that still come
 * then throw out of its event handler and end the process. Here a call owns its appends.
 */
export class AppendChannel {
  readonly #call: AppendCall;
  readonly #pending = new Map<string, Pending>();
  #failed: StoreError | undefined;

  constructor(call: AppendCall) {
    this.#call = call;
    call.on('data', (answer: streams.BatchAppendResp) => this.#receive(answer));
    call.on('error', (error: Error) => this.#fail(storeError(error)));
    call.on('end', () => this.#fail(new StoreError('EVENTSTOREDB_UNAVAILABLE', 'call ended')));
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /**
   * Appends the events of `frame` behind revision `expected` (-1: the stream does not exist). Never
   * rejects. An append that has no answer after `deadlineMs` is lost, and the channel with it.
   */
  append(
    frame: AppendFrame,
    stream: string,
    expected: number,
    deadlineMs: number,
  ): Promise<AppendOutcome> {
    assert(frame.count > 0, 'an append has events');
    if (this.#failed !== undefined) {
      return Promise.resolve({ kind: 'lost', error: this.#failed });
    }
    const id = crypto.randomUUID();
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        const text = `no answer to an append within ${deadlineMs} ms`;
        this.#fail(new StoreError('EVENTSTOREDB_UNAVAILABLE', text));
      }, deadlineMs);
      this.#pending.set(id, { settle, timer });
      this.#call.write(frame.request(id, stream, expected));
    });
  }

  /** Gives every append in flight up as lost. */
  close(): void {
    this.#fail(new StoreError('EVENTSTOREDB_UNAVAILABLE', 'the channel was closed'));
  }

  #receive(answer: streams.BatchAppendResp): void {
    const id = answer.getCorrelationId()?.getString() ?? '';
    const pending = this.#pending.get(id);
    // An answer to an append nobody waits for: it was given up, and its place found out otherwise.
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    pending.settle(outcomeOf(answer));
  }

  #fail(error: StoreError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    this.#call.cancel();
    for (const { settle, timer } of this.#pending.values()) {
      clearTimeout(timer);
      settle({ kind: 'lost', error });
    }
    this.#pending.clear();
  }
}

function outcomeOf(answer: streams.BatchAppendResp): AppendOutcome {
  const success = answer.getSuccess();
  if (success !== undefined) {
    const revision = success.hasCurrentRevision() ? Number(success.getCurrentRevision()) : -1;
    return { kind: 'appended', revision };
  }
  const status = answer.getError();
  const details = status?.getDetails();
  const type = details?.getTypeName() ?? '';
  if (details !== undefined && type === 'event_store.client.WrongExpectedVersion') {
    const wrong = shared.WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
    const current = wrong.hasCurrentStreamRevision()
      ? Number(wrong.getCurrentStreamRevision())
      : -1;
    return { kind: 'wrong-revision', current };
  }
  const text = `${type}: ${status?.getMessage() ?? 'no reason given'}`;
  const refused = refusal(type, status?.getCode());
  if (refused === undefined) {
    return { kind: 'lost', error: new StoreError('EVENTSTOREDB_UNAVAILABLE', text) };
  }
  const appendBytesMax = type.endsWith('.MaximumAppendSizeExceeded')
    ? shared.MaximumAppendSizeExceeded.deserializeBinary(
        details!.getValue_asU8(),
      ).getMaxappendsize()
    : undefined;
  return { kind: 'refused', error: new StoreError(refused, text, { appendBytesMax }) };
}

/**
 * Which answers are final. A node that is busy, not ready, or without a leader has no type and no code
 * of its own for that (`google.protobuf.Empty`, code 0), so whatever is not known may pass.
 */
function refusal(
  type: string,
  grpcCode: number | undefined,
):
  | 'EVENTSTOREDB_STREAM_DELETED'
  | 'EVENTSTOREDB_ACCESS_DENIED'
  | 'EVENTSTOREDB_REFUSED'
  | undefined {
  if (type.endsWith('.StreamDeleted')) return 'EVENTSTOREDB_STREAM_DELETED';
  if (type.endsWith('.AccessDenied')) return 'EVENTSTOREDB_ACCESS_DENIED';
  return grpcCode === code.Code.INVALID_ARGUMENT ? 'EVENTSTOREDB_REFUSED' : undefined;
}
