/** Four eyes: what one identity asks for, and another decides. */

export const APPROVAL_DECISION = {
  Approved: 1,
  Refused: 2,
  /** By whoever asked for it. */
  Withdrawn: 3,
} as const;
