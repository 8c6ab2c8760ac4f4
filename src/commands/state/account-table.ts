/** Accounts and their groups: what deciding needs in columns, names beside. Index 0 is none. */

export interface AccountTerms {
  readonly name: string;
  readonly groupName: string;
  readonly currency: string;
}

export class AccountTable {
  readonly capacity: number;
  count = 1;
  readonly terms: AccountTerms[] = [];
  readonly byName = new Map<string, number>();
  readonly groups = new Map<string, number>();
  readonly group: Int32Array;
  readonly commissionPerLot: Float64Array;
  /** First position, row in the position table; 0 none. */
  readonly positions: Int32Array;
  /** Bits of `SWITCHED_ON`: checks that a limit of the account, its group or the firm asks for. */
  readonly checks: Int32Array;
  readonly open: Uint8Array;
  readonly state: Uint8Array;
  readonly groupState: Uint8Array;
  readonly selfTradePrevention: Uint8Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    const rows = capacity + 1;
    this.group = new Int32Array(rows);
    this.commissionPerLot = new Float64Array(rows);
    this.positions = new Int32Array(rows);
    this.checks = new Int32Array(rows);
    this.open = new Uint8Array(rows);
    this.state = new Uint8Array(rows);
    this.groupState = new Uint8Array(rows);
    this.selfTradePrevention = new Uint8Array(rows);
  }

  get full(): boolean {
    return this.count > this.capacity;
  }
}
