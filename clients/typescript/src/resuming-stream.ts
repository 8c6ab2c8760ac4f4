/** A server stream of gRPC that outlives its connections. */
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { Backoff } from './backoff.js';
import { errorOf } from './errors.js';
import type { Lagged } from './generated/daybook/v1/stream_service.gen.js';
import { isAborted, type Run, RunChain, type StreamOptions } from './run.js';

interface Message<E> extends Run<E> {
  readonly lagged?: Lagged | undefined;
}

/**
 * @param open calls the server, from a sequence on
 * @throws DaybookError when the server refuses it for good; a lost connection is made again, without
 *   gap or repeat, for as long as it takes
 */
export async function* resuming<E>(
  open: (after: number | undefined) => ClientReadableStream<Message<E>>,
  options: StreamOptions,
): AsyncGenerator<Run<E>, void, undefined> {
  const { signal, onInterrupted, onLagged } = options;
  const chain = new RunChain(options.after);
  const backoff = new Backoff();
  while (!isAborted(signal)) {
    const call = open(chain.position);
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      // Reading one after the other is the flow control: who takes them slowly gets them slowly.
      for await (const message of call as AsyncIterable<Message<E>>) {
        backoff.succeeded();
        if (message.lagged !== undefined) onLagged?.(message.lagged.from, message.lagged.to);
        else if (chain.follows(message)) yield message;
      }
      onInterrupted?.(undefined);
    } catch (error) {
      if (isAborted(signal)) return;
      if (!isServiceError(error)) throw error;
      const known = errorOf(error);
      if (!known.retryable) throw known;
      onInterrupted?.(known);
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
    backoff.failed();
    await backoff.wait(signal);
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && (error.code as number) in status;
}
