/** Limits as they are shown: names for indexes, decimal text for micros. */
import {
  LIMIT,
  type LimitName,
  limits as limitKinds,
  NO_LIMIT,
} from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import type { LimitInForce, ReferenceData } from '../reference/reference-data.js';
import { scopeName } from './scopes.js';
import { microsText } from './terms.js';
import type { LimitView } from './views.js';

const limitNames = new Map<number, LimitName>(
  Object.entries(LIMIT).map(([name, number]) => [number, name as LimitName]),
);

export function limitView(reference: ReferenceData, set: LimitInForce): LimitView {
  const limit = limitNames.get(set.limit);
  assert(limit !== undefined, 'limits on record are of the catalogue');
  const { unit } = limitKinds[limit];
  const money = unit === 'micros';
  return {
    limit,
    scope: set.scope,
    name: scopeName(reference, set.scope, set.scopeId),
    instrument: reference.instrument(set.instrument)?.symbol ?? null,
    value: set.value === NO_LIMIT ? null : money ? microsText(set.value) : String(set.value),
    unit: money ? 'money' : unit,
    sequence: set.sequence,
  };
}
