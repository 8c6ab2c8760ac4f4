/** A base currency as it is shown. */
import type { BaseCurrencyInForce } from '../reference/base-currencies.js';
import type { ReferenceData } from '../reference/reference-data.js';
import { scopeName } from './scopes.js';
import type { BaseCurrencyView } from './views.js';

export function baseCurrencyView(
  reference: ReferenceData,
  { scope, scopeId, currency, sequence }: BaseCurrencyInForce,
): BaseCurrencyView {
  return { scope, name: scopeName(reference, scope, scopeId), currency, sequence };
}
