import { assert } from '../../lib/assert.js';

/**
 * Standard normal variates by path number: the stream of a path depends on the seed and that
 * number alone. So any path can be drawn again by itself, and paths can be shared out among threads
 * with the same result.
 *
 * Uniforms come from xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 47, 2021), one generator per path whose 128 bits of state are mixed from
 * seed and path; the first word of state is a bijection of the path, so no two paths of a seed
 * share a state. Normals come from the inverse distribution function (AS 241), one uniform of 32
 * bits each, which reaches 6.3 standard deviations.
 */

/** The 32-bit finaliser of MurmurHash3: a bijection in which each bit in changes each bit out. */
function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** xoshiro128**: fills `words` with outputs, advancing the four words of `state`. */
export function xoshiro128(state: Int32Array, words: Uint32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let index = 0; index < words.length; index++) {
    const product = Math.imul(b, 5);
    words[index] = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

export class NormalStream {
  private readonly low: number;
  private readonly high: number;
  private readonly state = new Int32Array(4);
  private readonly words: Uint32Array;
  /** The variates of the path drawn last. */
  readonly normals: Float64Array;

  /** @param seed a whole number in the safe range, not negative. @param count variates per path. */
  constructor(seed: number, count: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a safe integer, not negative');
    this.low = mix((seed | 0) + 0x9e3779b9);
    this.high = mix(Math.floor(seed / 2 ** 32) ^ this.low);
    this.words = new Uint32Array(count);
    this.normals = new Float64Array(count);
  }

  /** Draws the variates of `path` into `normals`. */
  draw(path: number): void {
    const { state, words, normals } = this;
    state[0] = this.low ^ mix(path + 0x6a09e667);
    state[1] = mix(this.high + state[0]!);
    state[2] = mix(state[1]! ^ 0x3c6ef372 ^ path);
    state[3] = mix(state[2]! + this.low) | 1; // never the all-zero state, which xoshiro cannot leave
    xoshiro128(state, words);
    for (let index = 0; index < words.length; index++) {
      // The middle of the 2^32 cells of the unit interval: never 0, never 1, symmetric.
      const offset = (words[index]! + 0.5) * 2 ** -32 - 0.5;
      const size = Math.abs(offset);
      normals[index] = size > 0.425 ? outer(offset, 0.5 - size) : centre(offset);
    }
  }
}

/** The central region of AS 241, unrolled: five variates of six come this way. */
function centre(offset: number): number {
  const x = 0.180625 - offset * offset;
  const above =
    ((((((2509.0809287301227 * x + 33430.57558358813) * x + 67265.7709270087) * x +
      45921.95393154987) *
      x +
      13731.69376550946) *
      x +
      1971.5909503065513) *
      x +
      133.14166789178438) *
      x +
    3.3871328727963665;
  const below =
    ((((((5226.495278852854 * x + 28729.085735721943) * x + 39307.89580009271) * x +
      21213.794301586597) *
      x +
      5394.196021424751) *
      x +
      687.1870074920579) *
      x +
      42.31333070160091) *
      x +
    1;
  return (offset * above) / below;
}

/** The middle region, unrolled. Cells of 2^-32 never reach the far one, which starts at e^-25. */
function outer(offset: number, tail: number): number {
  const x = Math.sqrt(-Math.log(tail)) - 1.6;
  const above =
    ((((((0.0007745450142783414 * x + 0.022723844989269184) * x + 0.2417807251774506) * x +
      1.2704582524523684) *
      x +
      3.6478483247632045) *
      x +
      5.769497221460691) *
      x +
      4.630337846156546) *
      x +
    1.4234371107496835;
  const below =
    ((((((1.0507500716444169e-9 * x + 0.0005475938084995345) * x + 0.015198666563616457) * x +
      0.14810397642748008) *
      x +
      0.6897673349851) *
      x +
      1.6763848301838038) *
      x +
      2.053191626637759) *
      x +
    1;
  return offset < 0 ? -above / below : above / below;
}
