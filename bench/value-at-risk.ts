/**
 * Value at risk of 500 positions over 500 days, with its decomposition, at 95 % and 99 % over 1 and
 * 10 days. The baseline of the parametric figure is the textbook way, through the covariance
 * matrix.
 */
import { calculateValueAtRisk } from '../src/domain/value-at-risk/calculate.js';
import { covarianceMatrix } from '../src/domain/value-at-risk/covariance.js';
import { linearRiskOfCovariance } from '../src/domain/value-at-risk/linear-risk.js';
import { NormalStream } from '../src/domain/value-at-risk/normal-stream.js';
import type { Exposure } from '../src/domain/value-at-risk/portfolio.js';
import {
  CONFIDENCES_DEFAULT,
  HORIZONS_DEFAULT,
  type VarMethod,
} from '../src/domain/value-at-risk/result.js';
import {
  buildReturnsWindow,
  type ReturnsWindow,
} from '../src/domain/value-at-risk/returns-window.js';
import { observationWeights, type Weighting } from '../src/domain/value-at-risk/weights.js';
import type { Figure } from './figure.js';
import { medianMs } from './median-time.js';
import { serviceFigures } from './value-at-risk-service.js';

const POSITIONS = 500;
const DAYS = 500;
const PATHS = 100_000;
const WEIGHTING: Weighting = { kind: 'exponential', lambda: 0.94 };

/** Prices of a one-factor market: 1 % a day of the market, 1.5 % of the instrument's own. */
function marketWindow(): ReturnsWindow {
  const instruments = Array.from({ length: POSITIONS }, (_, index) => `I${index}`);
  const dayNames = Array.from({ length: DAYS + 1 }, (_, day) => `day ${day}`);
  const ticks = new Float64Array(POSITIONS * (DAYS + 1));
  const stream = new NormalStream(1, DAYS + 1);
  stream.draw(POSITIONS);
  const market = stream.normals.slice();
  for (let row = 0; row < POSITIONS; row++) {
    stream.draw(row);
    let price = 100_000;
    for (let day = 0; day <= DAYS; day++) {
      price *= Math.exp(0.01 * market[day]! + 0.015 * stream.normals[day]!);
      ticks[row * (DAYS + 1) + day] = Math.max(1, Math.round(price));
    }
  }
  return buildReturnsWindow({ instruments, dayNames, ticks }, 'log');
}

export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const window = marketWindow();
  const exposures: Exposure[] = window.instruments.map((instrument, index) => {
    return { position: `P${index}`, instrument, value: (index % 3 === 0 ? -1 : 1) * 1_000 * index };
  });
  const values = Float64Array.from(exposures, (exposure) => exposure.value);
  const rows = Array.from(window.instruments.keys());
  const calculate = (method: VarMethod, weighting: Weighting) => (): void => {
    const parameters = {
      method,
      weighting,
      confidences: CONFIDENCES_DEFAULT,
      horizonDays: HORIZONS_DEFAULT,
    };
    calculateValueAtRisk({ sequence: 0, scope: 'firm', exposures, window, parameters });
  };
  const share = seconds / 5;
  const textbook = (): void => {
    linearRiskOfCovariance(
      values,
      covarianceMatrix(window, rows, observationWeights(WEIGHTING, DAYS)),
    );
  };
  const equal: Weighting = { kind: 'equal' };
  const unit = { unit: 'ms', ack: 'none' } as const;
  return [
    {
      name: 'var_parametric_ms',
      value: medianMs(share, calculate({ kind: 'parametric' }, WEIGHTING)),
      baseline: medianMs(share, textbook),
      ...unit,
    },
    {
      name: 'var_historical_ms',
      value: medianMs(share, calculate({ kind: 'historical' }, equal)),
      ...unit,
    },
    {
      name: 'var_monte_carlo_ms',
      value: medianMs(
        share,
        calculate({ kind: 'monte_carlo', paths: PATHS, seed: 42 }, { kind: 'equal' }),
      ),
      ...unit,
    },
    ...(await serviceFigures(share)),
  ];
}
