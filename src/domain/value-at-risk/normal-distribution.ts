import { assert } from '../../lib/assert.js';

/*
 * Rational approximations of Wichura, "Algorithm AS 241: The Percentage Points of the Normal
 * Distribution", Applied Statistics 37 (1988) 477-484, routine PPND16: about 16 digits. Lowest
 * power first.
 */
const CENTRE_P = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const CENTRE_Q = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852854,
];
const MIDDLE_P = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const MIDDLE_Q = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
  0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
];
const FAR_P = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
  0.026532189526576124, 0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
];
const FAR_Q = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
];

/** Half-width of the central region, in probability. */
const CENTRE = 0.425;

function ratio(p: readonly number[], q: readonly number[], x: number): number {
  let above = p[7]!;
  let below = q[7]!;
  for (let power = 6; power >= 0; power--) {
    above = above * x + p[power]!;
    below = below * x + q[power]!;
  }
  return above / below;
}

/** The value beyond which lies `tail`, less than 0.075; negative where `offset` is. */
function normalTailQuantile(offset: number, tail: number): number {
  const root = Math.sqrt(-Math.log(tail));
  const size = root <= 5 ? ratio(MIDDLE_P, MIDDLE_Q, root - 1.6) : ratio(FAR_P, FAR_Q, root - 5);
  return offset < 0 ? -size : size;
}

/** The standard normal value that is exceeded with probability 1 - `probability`. */
export function normalQuantile(probability: number): number {
  assert(probability > 0 && probability < 1, 'a probability strictly between 0 and 1');
  const offset = probability - 0.5;
  if (Math.abs(offset) > CENTRE) {
    return normalTailQuantile(offset, Math.min(probability, 1 - probability));
  }
  return offset * ratio(CENTRE_P, CENTRE_Q, CENTRE * CENTRE - offset * offset);
}

/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
