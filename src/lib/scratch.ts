/**
 * A few numbers that are written and read again in the course of one call: what a function returns
 * beside its result. A number in a variable of a module, or in a field, could be allocated anew.
 *
 * Outside of V8's heap, where arrays of this size would otherwise lie: there they move, and each
 * access loads their address first (`npm run bench -- core`).
 */
export function scratch(numbers: number): Float64Array {
  return new Float64Array(new ArrayBuffer(numbers * 8));
}
