/** `daybook.v1.StreamService`: topics of the stream hub as server streams. */
import type { ServerWritableStream, ServiceDefinition } from '@grpc/grpc-js';
import type { Caller } from '../application/application.js';
import type { Admission } from '../identity/admission.js';
import { watchAdmission } from '../streams/readmission.js';
import type { StreamHub } from '../streams/stream-hub.js';
import type { Sink } from '../streams/subscriber.js';
import type { TopicName } from '../streams/topics.js';
import { admit, askedOf, type CallContext, callerOfCall, throwIfMalformed } from './calls.js';
import * as P from './generated/daybook/v1/stream_service.gen.js';
import { knownError, serviceError } from './status.js';
import { protobufFormat } from './stream-format.js';

const TOPIC_OF = {
  streamExecutions: 'executions',
  streamPositions: 'positions',
  streamProfitAndLoss: 'pnl',
  streamRisk: 'risk',
  streamMarketData: 'market-data',
} as const satisfies Record<keyof typeof P.StreamServiceService, TopicName>;

type MethodName = keyof typeof TOPIC_OF;
type Call = ServerWritableStream<{ subscription?: P.Subscription | undefined }, Uint8Array>;

/** The definition, with answers that are bytes already. */
export const streamDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(P.StreamServiceService).map(([name, method]) => [
    name,
    {
      ...method,
      responseSerialize: (bytes: Uint8Array) =>
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    },
  ]),
);

export function streamService(context: CallContext, hub: StreamHub) {
  const methods = (Object.keys(TOPIC_OF) as MethodName[]).map((name) => [
    name,
    (call: Call) => stream(context, hub, TOPIC_OF[name], call),
  ]);
  return Object.fromEntries(methods) as Record<MethodName, (call: Call) => void>;
}

function stream(context: CallContext, hub: StreamHub, topic: TopicName, call: Call): void {
  const fail = (error: unknown): void => {
    call.emit('error', serviceError(knownError(error, context.logger)));
  };
  const begin = (caller: Caller): void => {
    throwIfMalformed(call.request);
    const { after, accounts, instruments } = call.request.subscription ?? {};
    const sink = new CallSink(call);
    const end = hub.subscribe(
      caller.identity,
      { topic, after, accounts, instruments },
      { format: protobufFormat, sink, fail },
    );
    const unwatch = watchAdmission(
      context.admission,
      caller.identity,
      () => admit(context.admission as Admission, call),
      fail,
    );
    for (const event of ['cancelled', 'close', 'error'] as const) {
      call.on(event, () => {
        end();
        unwatch();
      });
    }
  };
  Promise.resolve()
    .then(() => callerOfCall(context, call))
    .then((caller) => {
      try {
        begin(caller);
      } catch (error) {
        context.admission?.record(error, askedOf(call), caller.identity);
        throw error;
      }
    })
    .catch(fail);
}

/** Bytes count as waiting until HTTP/2 has taken them, which its flow control decides. */
class CallSink implements Sink {
  readonly #call: Call;
  /** Lengths of the messages that wait, oldest first. */
  readonly #lengths: number[] = [];
  #first = 0;
  #backlog = 0;
  #waiting: (() => void) | undefined;
  readonly #written = (): void => this.#taken();

  constructor(call: Call) {
    this.#call = call;
  }

  get backlog(): number {
    return this.#backlog;
  }

  send(message: Uint8Array): void {
    this.#lengths.push(message.length);
    this.#backlog += message.length;
    this.#call.write(message, this.#written);
  }

  onceDrained(callback: () => void): void {
    if (this.#backlog === 0) setImmediate(callback);
    else this.#waiting = callback;
  }

  #taken(): void {
    this.#backlog -= this.#lengths[this.#first++] ?? 0;
    if (this.#first < this.#lengths.length) return;
    this.#lengths.length = 0;
    this.#first = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}
