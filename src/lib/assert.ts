/**
 * Assertions for programmer errors. They stay on in production: an order system that goes on after
 * a broken invariant loses money silently, one that stops loses minutes.
 *
 * Bad input is never asserted; it gets a typed error with a stable code (`domain/reject-reasons`).
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ASSERTION_FAILED';
}

/** @throws AssertionError when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Closes an exhaustive switch: does not compile while a case is missing. */
export function assertNever(value: never, what: string): never {
  throw new AssertionError(`${what}: unexpected ${String(value)}`);
}
