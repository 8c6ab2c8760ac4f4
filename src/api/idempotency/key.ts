/** What a client may send as an idempotency key, over any face. */
import { invalidField } from '../application/errors.js';

/** Header of REST and metadata of gRPC that a key comes in. */
export const IDEMPOTENCY_KEY = 'idempotency-key';
/** `true` beside an answer that was given before. */
export const IDEMPOTENCY_REPLAYED = 'idempotency-replayed';
/** A longer answer is not kept but made of the log again; only a mass cancel of very many has one. */
export const IDEMPOTENCY_ANSWER_CHARS_MAX = 65_536;

/** A word, or a string of RFC 9651 in its quotes. */
const FORM = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,64})"|([\x21\x23-\x7e]{1,64}))$/;

/** @param sent anything but one text is no key @throws ApplicationError REQUEST_INVALID */
export function idempotencyKeyOf(sent: unknown): string {
  const [, quoted, plain] = (typeof sent === 'string' && FORM.exec(sent)) || [];
  const key = quoted ?? plain;
  if (key === undefined) throw invalidField(IDEMPOTENCY_KEY, 'not 1 to 64 printable characters');
  return key;
}
