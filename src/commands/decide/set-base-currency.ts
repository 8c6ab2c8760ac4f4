/** The base currency of the firm or a group: what its sums and limits are in. */
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND } from '../../domain/commands.js';
import { isCurrency } from '../../domain/currency.js';
import { SCOPE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import type { Emitter } from '../emitter.js';
import { mayRebase, mayRebaseFirm } from '../evolve/base-currencies.js';
import { emit, refuseCommand } from './control.js';

/**
 * Limits keep their numbers, which are then of the new currency: whoever sets a base sets limits, too.
 * An account's base is its own currency (`OpenAccount`).
 */
export function decideSetBaseCurrency(e: Emitter): void {
  const data = decodeCommand('SetBaseCurrency', e.command.bytes, e.at);
  const { accounts, scopes, rates } = e.state;
  const { scopeId, currency } = data;
  const refuse = (reason: number) => refuseCommand(e, COMMAND.SetBaseCurrency, reason, scopeId);
  const scope = SCOPE[data.scope];
  const firm = scope === SCOPE.Firm && scopeId === 0;
  const group = scope === SCOPE.Group && scopeId > 0 && scopeId <= accounts.groups.size;
  if (!(firm || group) || !isCurrency(currency)) return refuse(REASON.LIMIT_INVALID);
  if (!rates.fits(currency)) return refuse(REASON.CAPACITY_REFERENCE);
  // What was lost today has to be carried over.
  const may = firm ? mayRebaseFirm(e.state, currency) : mayRebase(e.state, scopeId, currency);
  if (!may) return refuse(REASON.RISK_RATE_MISSING);
  const previous = rates.names[scopes.currency[scopeId] as number] as string;
  emit(e, 'BaseCurrencyChanged', { ...data, previous });
}
