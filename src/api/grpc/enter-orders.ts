/**
 * Order entry over one stream. Requests are pipelined: they go to the writer as they come, and are
 * answered as their events become durable, several to a message.
 *
 * Flow control, end to end: requests beyond REQUESTS_IN_FLIGHT_MAX, or for which the writer has no room
 * now, wait here in their order and the stream is read no further, so HTTP/2 stops the client. A
 * client that does not read its answers is not read either.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Caller } from '../application/application.js';
import { cancelOrder } from '../application/cancel-order.js';
import { type ApplicationError, invalidField, problem } from '../application/errors.js';
import { replaceOrder } from '../application/replace-order.js';
import { enterOrder } from '../application/submit-order.js';
import type { Admission } from '../identity/admission.js';
import { watchAdmission } from '../streams/readmission.js';
import { admit, askedOf, type CallContext, callerOfCall, throwIfMalformed } from './calls.js';
import type { NewOrder } from './generated/daybook/v1/order.gen.js';
import type {
  EnterOrdersRequest,
  EnterOrdersResponse,
  OrderAnswer,
  OrderRequest,
} from './generated/daybook/v1/order_service.gen.js';
import {
  cancelOrderOf,
  replaceOrderOf,
  requestAnswerMessage,
  submitOrderOf,
} from './order-messages.js';
import { knownError, problemMessage, serviceError } from './status.js';

/** Requests of one stream that wait for their events; the stream is read no further then. */
export const REQUESTS_IN_FLIGHT_MAX = 2048;
/** Requests in one message; a larger one ends the stream with REQUEST_TOO_LARGE. */
export const REQUESTS_PER_MESSAGE_MAX = 1000;
/** How soon the writer is asked for room again when it had none, in milliseconds. */
const ROOM_AGAIN_MS = 1;

type Call = ServerDuplexStream<EnterOrdersRequest, EnterOrdersResponse>;

export function enterOrders(context: CallContext, call: Call): void {
  // Before the first turn ends: messages may be there already.
  call.pause();
  Promise.resolve()
    .then(() => callerOfCall(context, call))
    .then(
      (caller) => new OrderEntry(context, call, caller).start(),
      (error: unknown) => call.emit('error', serviceError(knownError(error, context.logger))),
    );
}

class OrderEntry {
  readonly #context: CallContext;
  readonly #call: Call;
  readonly #caller: Caller;
  /** Read, and not yet with the writer, in their order. */
  #waiting: OrderRequest[] = [];
  #nextWaiting = 0;
  #inFlight = 0;
  #answers: OrderAnswer[] = [];
  #sending = false;
  #retry: NodeJS.Timeout | undefined;
  #ended = false;
  #stopping = false;
  #gone = false;
  #unwatch: () => void = () => undefined;

  constructor(context: CallContext, call: Call, caller: Caller) {
    this.#context = context;
    this.#call = call;
    this.#caller = caller;
  }

  start(): void {
    const call = this.#call;
    call.on('data', (message: EnterOrdersRequest) => this.#take(message));
    call.on('end', () => {
      this.#ended = true;
      this.#finish();
    });
    const { admission } = this.#context;
    const again = () => admit(admission as Admission, call);
    const end = (error: ApplicationError) => this.#fail(error);
    const unwatch = watchAdmission(admission, this.#caller.identity, again, end);
    const { stopping } = this.#context;
    const stop = () => this.#stop();
    stopping.addEventListener('abort', stop);
    this.#unwatch = () => {
      unwatch();
      stopping.removeEventListener('abort', stop);
    };
    call.on('cancelled', () => this.#leave());
    call.on('error', () => this.#leave());
    call.on('drain', () => this.#pump());
    call.resume();
  }

  #take(message: EnterOrdersRequest): void {
    if (this.#gone || this.#stopping) return;
    try {
      throwIfMalformed(message);
      if (message.requests.length > REQUESTS_PER_MESSAGE_MAX) throw problem('REQUEST_TOO_LARGE');
    } catch (error) {
      this.#fail(knownError(error, this.#context.logger));
      return;
    }
    if (this.#nextWaiting === this.#waiting.length) {
      this.#waiting = message.requests;
      this.#nextWaiting = 0;
    } else {
      this.#waiting = [...this.#waiting.slice(this.#nextWaiting), ...message.requests];
      this.#nextWaiting = 0;
    }
    this.#pump();
  }

  /** Gives the writer what it has room for; reads on once nothing waits. */
  #pump(): void {
    const { outcomes, commands } = this.#context.application;
    while (this.#nextWaiting < this.#waiting.length && !this.#gone) {
      const room = this.#inFlight < REQUESTS_IN_FLIGHT_MAX && !this.#call.writableNeedDrain;
      if (!room) break;
      if (!outcomes.hasRoom(true) || !commands.open) {
        // Others have the room; nothing of this stream may be under way to wake it.
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.#pump();
        }, ROOM_AGAIN_MS);
        break;
      }
      this.#begin(this.#waiting[this.#nextWaiting++] as OrderRequest);
    }
    if (this.#gone) return;
    if (this.#nextWaiting < this.#waiting.length) this.#call.pause();
    else this.#call.resume();
  }

  #begin(asked: OrderRequest): void {
    const { request } = asked;
    this.#inFlight += 1;
    if (request?.$case === 'submit') this.#submit(asked, request.value);
    else this.#change(asked).then((answer) => this.#settle(answer), this.#refusal(asked));
  }

  /** Nearly all requests: so few promises and objects as can be. */
  #submit(asked: OrderRequest, order: NewOrder): void {
    try {
      const { application, admission } = this.#context;
      admission?.throttle(this.#caller.identity);
      enterOrder(application, this.#caller, submitOrderOf(order)).then((value) => {
        const { clientOrderId } = order;
        this.#settle({ clientOrderId, answer: { $case: 'accepted', value } });
      }, this.#refusal(asked));
    } catch (error) {
      this.#refusal(asked)(error);
    }
  }

  async #change(asked: OrderRequest): Promise<OrderAnswer> {
    const { application: app, admission } = this.#context;
    const { request } = asked;
    admission?.throttle(this.#caller.identity);
    if (request === undefined || request.$case === 'submit') {
      throw invalidField('request', 'must be given');
    }
    const answer =
      request.$case === 'cancel'
        ? await cancelOrder(app, this.#caller, cancelOrderOf(request.value))
        : await replaceOrder(app, this.#caller, replaceOrderOf(request.value));
    const value = requestAnswerMessage(answer);
    return { clientOrderId: clientOrderIdOf(asked), answer: { $case: 'request', value } };
  }

  #refusal(asked: OrderRequest): (error: unknown) => void {
    return (error) => {
      const { admission, logger } = this.#context;
      const known = knownError(error, logger);
      admission?.record(known, askedOf(this.#call), this.#caller.identity);
      const value = problemMessage(known);
      this.#settle({ clientOrderId: clientOrderIdOf(asked), answer: { $case: 'problem', value } });
    };
  }

  #settle(answer: OrderAnswer): void {
    this.#inFlight -= 1;
    if (this.#gone) return;
    this.#answers.push(answer);
    if (this.#sending) return;
    // All answers of a commit come in one turn: they leave in one message.
    this.#sending = true;
    setImmediate(() => this.#send());
  }

  #send(): void {
    this.#sending = false;
    if (this.#gone) return;
    for (let at = 0; at < this.#answers.length; at += REQUESTS_PER_MESSAGE_MAX) {
      this.#call.write({ answers: this.#answers.slice(at, at + REQUESTS_PER_MESSAGE_MAX) });
    }
    this.#answers = [];
    this.#pump();
    this.#finish();
  }

  /** Takes nothing more; what was taken is answered. */
  #stop(): void {
    this.#stopping = true;
    this.#finish();
  }

  /** The client has sent its last, or the server stops: the stream ends with the last answer. */
  #finish(): void {
    const idle = this.#inFlight === 0 && this.#nextWaiting === this.#waiting.length;
    const over = this.#ended || this.#stopping;
    if (!over || this.#gone || !idle || this.#sending) return;
    if (!this.#ended) return this.#fail(problem('SERVICE_UNAVAILABLE', 'Daybook is stopping.'));
    this.#leave();
    this.#call.end();
  }

  #fail(error: ApplicationError): void {
    if (this.#gone) return;
    this.#leave();
    this.#call.emit('error', serviceError(error));
  }

  /** What is with the writer stays there; nobody is told here any more. */
  #leave(): void {
    this.#gone = true;
    this.#unwatch();
    clearTimeout(this.#retry);
    this.#waiting = [];
    this.#nextWaiting = 0;
    this.#answers = [];
  }
}

function clientOrderIdOf({ request }: OrderRequest): string {
  if (request === undefined) return '';
  if (request.$case === 'submit') return request.value.clientOrderId;
  if (request.value.clientOrderId) return request.value.clientOrderId;
  const by = request.value.order?.by;
  return by?.$case === 'accountOrder' ? by.value.clientOrderId : '';
}
