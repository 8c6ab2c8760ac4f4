import { chiSquareSurvival } from './chi-square.js';
import { demand } from './errors.js';
import { tailProbability } from './result.js';

/** A likelihood ratio, asymptotically chi-square if the model is right. */
export type LikelihoodRatio = {
  readonly statistic: number;
  readonly degreesOfFreedom: 1 | 2;
  /** Probability of a statistic at least this large if the model is right. */
  readonly pValue: number;
};

/** Days by whether the day before and the day itself were exceptions (1) or not (0). */
export type Transitions = {
  readonly n00: number;
  readonly n01: number;
  readonly n10: number;
  readonly n11: number;
};

export type Backtest = {
  readonly confidence: number;
  readonly days: number;
  readonly exceptions: number;
  /** Days whose loss was greater than the value at risk forecast for them. */
  readonly exceptionDays: readonly number[];
  readonly expected: number;
  readonly transitions: Transitions;
  /** Kupiec's proportion of failures: as many exceptions as the confidence promises? */
  readonly unconditional: LikelihoodRatio;
  /** Christoffersen: is an exception as likely after an exception as after none? */
  readonly independence: LikelihoodRatio;
  /** Christoffersen: both at once; the sum of the other two. */
  readonly conditional: LikelihoodRatio;
  readonly zone: TrafficLight;
};

/** Green below the 95th percentile of the count under a right model, red from the 99.99th. */
export type TrafficLight = 'green' | 'yellow' | 'red';

/**
 * Backtest of one-day value at risk: `profits[i]` came about on the day that `valuesAtRisk[i]` had
 * been forecast for, both in base currency.
 *
 * @throws ValueAtRiskError VAR_BACKTEST_INVALID.
 */
export function backtest(
  profits: ArrayLike<number>,
  valuesAtRisk: ArrayLike<number>,
  confidence: number,
): Backtest {
  const days = profits.length;
  demand(days > 0 && days === valuesAtRisk.length, 'VAR_BACKTEST_INVALID', () => {
    return `${days} days of profit and ${valuesAtRisk.length} of value at risk`;
  });
  const hits: boolean[] = [];
  for (let day = 0; day < days; day++) {
    const fits = Number.isFinite(profits[day]) && Number.isFinite(valuesAtRisk[day]);
    demand(fits, 'VAR_BACKTEST_INVALID', () => `day ${day}: ${profits[day]}, ${valuesAtRisk[day]}`);
    hits.push(-profits[day]! > valuesAtRisk[day]!);
  }
  const exceptionDays = hits.flatMap((hit, day) => (hit ? [day] : []));
  const exceptions = exceptionDays.length;
  const probability = tailProbability(confidence);
  const transitions = transitionsOf(hits);
  const unconditional = kupiec(days, exceptions, probability);
  const independence = christoffersenIndependence(transitions);
  return {
    confidence,
    days,
    exceptions,
    exceptionDays,
    expected: days * probability,
    transitions,
    unconditional,
    independence,
    conditional: ratio(unconditional.statistic + independence.statistic, 2),
    zone: trafficLight(days, exceptions, probability),
  };
}

/**
 * Proportion of failures: Kupiec, "Techniques for verifying the accuracy of risk measurement
 * models", Journal of Derivatives 3 (1995) 73-84.
 */
export function kupiec(days: number, exceptions: number, probability: number): LikelihoodRatio {
  const observed = bernoulli(days - exceptions, exceptions, exceptions / days);
  return ratio(2 * (observed - bernoulli(days - exceptions, exceptions, probability)), 1);
}

/**
 * Independence against a first-order Markov chain: Christoffersen, "Evaluating interval forecasts",
 * International Economic Review 39 (1998) 841-862. With no exception on record, or with an
 * exception on the last day only, both models fit alike and the statistic is zero.
 */
export function christoffersenIndependence(transitions: Transitions): LikelihoodRatio {
  const { n00, n01, n10, n11 } = transitions;
  const pooled = fraction(n01 + n11, n00 + n01 + n10 + n11);
  const chain =
    bernoulli(n00, n01, fraction(n01, n00 + n01)) + bernoulli(n10, n11, fraction(n11, n10 + n11));
  return ratio(2 * (chain - bernoulli(n00 + n10, n01 + n11, pooled)), 1);
}

/**
 * The zones of the Basel Committee's "Supervisory framework for the use of backtesting in
 * conjunction with the internal models approach to market risk capital requirements" (1996), by
 * cumulative binomial probability so that they fit any number of days and confidence.
 */
export function trafficLight(days: number, exceptions: number, probability: number): TrafficLight {
  // P(count <= exceptions), by logarithms: (1 - p)^days underflows for long series.
  let cumulative = 0;
  let logTerm = days * Math.log1p(-probability);
  for (let count = 0; count <= exceptions; count++) {
    cumulative += Math.exp(logTerm);
    logTerm += Math.log((days - count) / (count + 1)) + Math.log(probability / (1 - probability));
  }
  if (cumulative < 0.95) return 'green';
  return cumulative < 0.9999 ? 'yellow' : 'red';
}

function transitionsOf(hits: readonly boolean[]): Transitions {
  const counts = { n00: 0, n01: 0, n10: 0, n11: 0 };
  for (let day = 1; day < hits.length; day++) {
    counts[`n${hits[day - 1] ? 1 : 0}${hits[day] ? 1 : 0}`]++;
  }
  return counts;
}

/** Log-likelihood of `none` days without and `some` with an exception; 0 log 0 is 0. */
function bernoulli(none: number, some: number, probability: number): number {
  const without = none === 0 ? 0 : none * Math.log1p(-probability);
  return without + (some === 0 ? 0 : some * Math.log(probability));
}

function fraction(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function ratio(statistic: number, degreesOfFreedom: 1 | 2): LikelihoodRatio {
  // Rounding can make a ratio of equal likelihoods a hair negative.
  const value = Math.max(0, statistic);
  const pValue = chiSquareSurvival(value, degreesOfFreedom);
  return { statistic: value, degreesOfFreedom, pValue };
}
