import { type FactorLoadings, factorLoadingsOfWindow } from './factor-loadings.js';
import { linearRiskOf } from './linear-risk.js';
import { NormalStream } from './normal-stream.js';
import type { Portfolio } from './portfolio.js';
import { type SimulationNote, tailProbability, type VarFigure, type VarMethod } from './result.js';
import type { ReturnsWindow } from './returns-window.js';
import { byFallingLoss, type Tail, tailOf } from './tail.js';

/*
 * What is simulated. A path draws one independent standard normal variate per factor (see
 * `factor-loadings.ts`); the return of every instrument on that path is a fixed linear combination
 * of them, so a path determines the P&L of every position. The portfolio's P&L is then itself one
 * linear combination, h.z with h = A'v, and that is all that is worked out on each of the paths:
 * variates and one inner product, not positions x factors multiplications. The P&L by position is
 * worked out where it is used, on the tail, and as the position's P&L is linear in z, its mean over
 * the tail paths is its P&L at the mean z. That is exact, not an approximation: `simulatedProfits`
 * gives the same path by path, and a test compares.
 *
 * For a linear portfolio and normal returns the answer can only be the parametric one plus sampling
 * error. What Monte Carlo adds is Student's t (one chi-square mixing variate per path, covariance
 * kept), whose tails the parametric formula has not.
 */

/** Order statistics on either side of the quantile, as part of its rank, for component VaR. */
const NEIGHBOURHOOD = 0.1;

export type MonteCarlo = Extract<VarMethod, { kind: 'monte_carlo' }>;

type Model = {
  readonly loadings: FactorLoadings;
  /** Row of `loadings` per exposure. */
  readonly rows: Int32Array;
  readonly stream: NormalStream;
  readonly degrees: number;
};

/**
 * Value at risk over one day by simulation, reproducible from the seed.
 *
 * Component VaR is the mean loss of the position over the paths around the quantile (a tenth of its
 * rank to either side), scaled so that the components add up to VaR. Incremental VaR reuses the
 * simulated quantile in units of the deviation, with the deviation the portfolio has without the
 * position: exact for elliptical returns, which these are.
 */
export function monteCarloFigures(
  portfolio: Portfolio,
  window: ReturnsWindow,
  weights: Float64Array,
  method: MonteCarlo,
  confidences: readonly number[],
): { figures: VarFigure[]; simulation: SimulationNote } {
  const model = modelOf(portfolio, window, weights, method);
  const { how, factors } = model.loadings;
  const losses = simulateLosses(portfolio, model, method.paths);
  const probabilities = confidences.map(tailProbability);
  const needed = tailPaths(losses, Math.max(...probabilities));
  const tails = probabilities.map((p) => tailOf(losses, () => 1 / method.paths, needed, p));
  const means = tails.map((tail) => meanVariates(model, tail, needed));
  const { deviation, deviationWithout } = linearRiskOf(portfolio, window, weights);
  const figures = tails.map((tail, level) => {
    const { valueAtRisk } = tail;
    const perDeviation = deviation > 0 ? valueAtRisk / deviation : 0;
    const incremental = deviationWithout.map((without) => perDeviation * (deviation - without));
    const shares = sharesOf(portfolio, model, tail, means[level]!);
    return { confidence: confidences[level]!, horizonDays: 1, ...shares, incremental };
  });
  return { figures, simulation: { how, factors } };
}

/** Profit and loss of every exposure on one simulated path, for audit; O(exposures x factors). */
export function simulatedProfits(
  portfolio: Portfolio,
  window: ReturnsWindow,
  weights: Float64Array,
  method: MonteCarlo,
  path: number,
): Float64Array {
  const model = modelOf(portfolio, window, weights, method);
  const variates = drawPath(model, path);
  return portfolio.values.map((value, index) => value * loaded(model, index, variates));
}

function modelOf(
  portfolio: Portfolio,
  window: ReturnsWindow,
  weights: Float64Array,
  method: MonteCarlo,
): Model {
  // By row number, so that the order of exposures does not change what a seed draws.
  const distinct = [...new Set(portfolio.rows)].sort((a, b) => a - b);
  const loadings = factorLoadingsOfWindow(window, distinct, weights);
  const place = new Map(distinct.map((row, index) => [row, index]));
  const rows =
    loadings.how === 'scenarios' ? portfolio.rows : portfolio.rows.map((row) => place.get(row)!);
  const degrees = method.degreesOfFreedom ?? 0;
  // The chi-square variate of a path is the sum of squares of further normal variates of it.
  const stream = new NormalStream(method.seed, loadings.factors + degrees);
  return { loadings, rows, stream, degrees };
}

/** The multiplier that makes normal variates Student's t of unit variance; 1 for none. */
function mixing(stream: NormalStream, factors: number, degrees: number): number {
  if (degrees === 0) return 1;
  let chiSquare = 0;
  for (let index = factors; index < factors + degrees; index++) {
    chiSquare += stream.normals[index]! * stream.normals[index]!;
  }
  return Math.sqrt((degrees - 2) / chiSquare);
}

/** The factors of a path as they enter returns: scaled and mixed. */
function drawPath(model: Model, path: number): Float64Array {
  const { stream, loadings, degrees } = model;
  stream.draw(path);
  const mixed = mixing(stream, loadings.factors, degrees);
  return loadings.scale.map((scale, factor) => scale * mixed * stream.normals[factor]!);
}

/** Return of an exposure's instrument under scaled variates. */
function loaded(model: Model, index: number, variates: Float64Array): number {
  const { factors, loadings } = model.loadings;
  const base = model.rows[index]! * factors;
  let sum = 0;
  for (let factor = 0; factor < factors; factor++) {
    sum += loadings[base + factor]! * variates[factor]!;
  }
  return sum;
}

function simulateLosses(portfolio: Portfolio, model: Model, paths: number): Float64Array {
  const { stream, degrees } = model;
  const { factors, loadings, scale } = model.loadings;
  const direction = new Float64Array(factors);
  for (let index = 0; index < portfolio.values.length; index++) {
    const base = model.rows[index]! * factors;
    const value = portfolio.values[index]!;
    for (let factor = 0; factor < factors; factor++) {
      direction[factor]! += value * loadings[base + factor]!;
    }
  }
  for (let factor = 0; factor < factors; factor++) direction[factor]! *= scale[factor]!;
  const losses = new Float64Array(paths);
  const { normals } = stream;
  for (let path = 0; path < paths; path++) {
    stream.draw(path);
    let profit = 0;
    for (let factor = 0; factor < factors; factor++) {
      profit += direction[factor]! * normals[factor]!;
    }
    losses[path] = 0 - profit * mixing(stream, factors, degrees);
  }
  return losses;
}

/** Paths of the widest tail and of the neighbourhood beyond it, by falling loss. */
function tailPaths(losses: Float64Array, probability: number): number[] {
  const rank = Math.ceil(losses.length * probability) + 1;
  const count = Math.min(losses.length, rank + Math.ceil(rank * NEIGHBOURHOOD));
  // Sorting all paths as numbers and then only the tail by path is ten times faster than the latter.
  const threshold = losses.slice().sort()[losses.length - count]!;
  const paths: number[] = [];
  for (let path = 0; path < losses.length; path++) {
    if (losses[path]! >= threshold) paths.push(path);
  }
  const order = byFallingLoss(Float64Array.from(paths, (path) => losses[path]!));
  return Array.from(order, (index) => paths[index]!);
}

type Means = {
  /** Mean scaled variates over the tail. */
  readonly shortfall: Float64Array;
  /** Mean scaled variates over the neighbourhood of the quantile. */
  readonly quantile: Float64Array;
};

function meanVariates(model: Model, tail: Tail, needed: readonly number[]): Means {
  const { factors } = model.loadings;
  const last = tail.members.length - 1;
  const reach = Math.floor(tail.members.length * NEIGHBOURHOOD);
  const from = Math.max(0, last - reach);
  const to = Math.min(needed.length - 1, last + reach);
  const shortfall = new Float64Array(factors);
  const quantile = new Float64Array(factors);
  for (let rank = 0; rank <= to; rank++) {
    const variates = drawPath(model, needed[rank]!);
    const share = tail.shares[rank] ?? 0;
    const near = rank >= from ? 1 / (to - from + 1) : 0;
    for (let factor = 0; factor < factors; factor++) {
      shortfall[factor]! += share * variates[factor]!;
      quantile[factor]! += near * variates[factor]!;
    }
  }
  return { shortfall, quantile };
}

function sharesOf(portfolio: Portfolio, model: Model, tail: Tail, means: Means) {
  const { values } = portfolio;
  const { valueAtRisk, expectedShortfall } = tail;
  const marginal = values.map((_, index) => -loaded(model, index, means.quantile));
  const componentShortfall = values.map((value, index) => {
    return -value * loaded(model, index, means.shortfall);
  });
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * marginal[index]!;
  const scale = sum === 0 ? 0 : valueAtRisk / sum;
  for (let index = 0; index < values.length; index++) marginal[index]! *= scale;
  const component = values.map((value, index) => value * marginal[index]!);
  return { valueAtRisk, expectedShortfall, marginal, component, componentShortfall };
}
