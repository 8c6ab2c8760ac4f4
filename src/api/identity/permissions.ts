/**
 * Who may do what, as data: one table for REST, gRPC, WebSocket and the binary gateways.
 *
 * `docs/security.md` and the security suite are generated from it.
 */

/** What identities are given; somebody may have several. */
export const ROLES = ['trader', 'risk', 'operations', 'auditor', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

export const roleMeanings: { readonly [R in Role]: string } = {
  trader: 'Enters orders for accounts of its own and sees what becomes of them.',
  risk: 'Sets limits, halts and resumes trading (with a second identity), cancels anything.',
  operations: 'Keeps reference data, marks and the trading day; halts, cancels, runs the system.',
  auditor: 'Reads everything, changes nothing.',
  administrator: 'Sees identities and metrics; neither trades nor sees orders.',
};

/** Of which accounts: none at all, those that the identity was given, or any. */
export type Reach = 'none' | 'own' | 'any';

interface Rule {
  readonly meaning: string;
  /** Whether it is about one account; all else is the same for every account. */
  readonly about: 'account' | 'firm';
  readonly reach: { readonly [R in Role]: Reach };
}

const rule = (
  about: Rule['about'],
  meaning: string,
  [trader, risk, operations, auditor, administrator]: readonly [Reach, Reach, Reach, Reach, Reach],
): Rule => ({
  about,
  meaning,
  reach: { trader, risk, operations, auditor, administrator },
});

/** The columns are those of ROLES. */
export const permissions = {
  'orders.submit': rule('account', 'Enter an order', ['own', 'none', 'none', 'none', 'none']),
  'orders.replace': rule('account', 'Replace an order', ['own', 'none', 'none', 'none', 'none']),
  'orders.cancel': rule('account', 'Cancel orders, one or many', [
    ...(['own', 'any', 'any', 'none', 'none'] as const),
  ]),
  'orders.read': rule('account', 'See orders', ['own', 'any', 'any', 'any', 'none']),
  'fills.read': rule('account', 'See executions', ['own', 'any', 'any', 'any', 'none']),
  'positions.read': rule('account', 'See positions and profit and loss', [
    ...(['own', 'any', 'any', 'any', 'none'] as const),
  ]),
  'risk.read': rule('account', 'See exposure and value at risk', [
    ...(['own', 'any', 'any', 'any', 'none'] as const),
  ]),
  'limits.read': rule('account', 'See limits', ['own', 'any', 'any', 'any', 'none']),
  'limits.change': rule('account', 'Set a limit; takes a second identity', [
    ...(['none', 'any', 'none', 'none', 'none'] as const),
  ]),
  'trading.read': rule('account', 'See what is halted', ['own', 'any', 'any', 'any', 'none']),
  'trading.halt': rule('account', 'Halt trading or let it only reduce', [
    ...(['own', 'any', 'any', 'none', 'none'] as const),
  ]),
  'trading.resume': rule('account', 'Resume trading; takes a second identity', [
    ...(['none', 'any', 'any', 'none', 'none'] as const),
  ]),
  'accounts.read': rule('account', 'See accounts', ['own', 'any', 'any', 'any', 'none']),
  'accounts.change': rule('firm', 'Open and change accounts', [
    ...(['none', 'none', 'any', 'none', 'none'] as const),
  ]),
  'instruments.read': rule('firm', 'See instruments', ['any', 'any', 'any', 'any', 'none']),
  'instruments.change': rule('firm', 'List and change instruments', [
    ...(['none', 'none', 'any', 'none', 'none'] as const),
  ]),
  'marketData.read': rule('firm', 'See marks, bars and books', [
    'any',
    'any',
    'any',
    'any',
    'none',
  ]),
  'marks.set': rule('firm', 'Set marks', ['none', 'none', 'any', 'none', 'none']),
  'tradingDay.read': rule('firm', 'See the trading day', ['any', 'any', 'any', 'any', 'none']),
  'tradingDay.change': rule('firm', 'Open and close the trading day', [
    ...(['none', 'none', 'any', 'none', 'none'] as const),
  ]),
  'approvals.read': rule('firm', 'See what waits for a second identity', [
    ...(['none', 'any', 'any', 'any', 'none'] as const),
  ]),
  'approvals.decide': rule('firm', 'Approve or refuse what another identity asked for', [
    ...(['none', 'any', 'any', 'none', 'none'] as const),
  ]),
  'audit.read': rule('firm', 'Read the record: stories, reports, the log itself', [
    ...(['none', 'none', 'none', 'any', 'none'] as const),
  ]),
  'identity.read': rule('firm', 'See identities and their keys', [
    ...(['none', 'none', 'none', 'any', 'any'] as const),
  ]),
  'operations.read': rule('firm', 'Metrics and the state of parts and jobs', [
    ...(['none', 'none', 'any', 'any', 'any'] as const),
  ]),
  'operations.run': rule('firm', 'Run jobs, backups and drills', [
    ...(['none', 'none', 'any', 'none', 'none'] as const),
  ]),
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof permissions;

export const ACTIONS = Object.keys(permissions) as readonly Action[];

const WIDTH: { readonly [R in Reach]: number } = { none: 0, own: 1, any: 2 };

/** The widest reach that any of the roles gives. */
export function reachOf(roles: readonly Role[], action: Action): Reach {
  let widest: Reach = 'none';
  for (const role of roles) {
    const reach = permissions[action].reach[role];
    if (WIDTH[reach] > WIDTH[widest]) widest = reach;
  }
  return widest;
}
