/** Type bytes, for switches on the hot path; pinned to the catalogue by a test. */
export const OUCH_TYPE_IN = {
  enterOrder: 0x4f,
  replaceOrder: 0x55,
  cancelOrder: 0x58,
  modifyOrder: 0x4d,
  massCancelRequest: 0x43,
  disableOrderEntryRequest: 0x44,
  enableOrderEntryRequest: 0x45,
  accountQuery: 0x51,
} as const;

export const OUCH_TYPE_OUT = {
  systemEvent: 0x53,
  orderAccepted: 0x41,
  orderReplaced: 0x55,
  orderCanceled: 0x43,
  aiqCanceled: 0x44,
  orderExecuted: 0x45,
  brokenTrade: 0x42,
  tradeCorrection: 0x46,
  rejected: 0x4a,
  cancelPending: 0x50,
  cancelReject: 0x49,
  orderPriorityUpdate: 0x54,
  orderModified: 0x4d,
  orderRestated: 0x52,
  massCancelResponse: 0x58,
  disableOrderEntryResponse: 0x47,
  enableOrderEntryResponse: 0x4b,
  accountQueryResponse: 0x51,
} as const;

/** Reasons of Order Canceled. */
export const OUCH_CANCEL_REASON = {
  user: 0x55,
  immediateOrCancel: 0x49,
  timeout: 0x54,
  supervisory: 0x53,
  regulatory: 0x44,
  selfMatchPrevention: 0x51,
  system: 0x5a,
  crossCanceled: 0x43,
  cannotBeExecuted: 0x4b,
  halted: 0x48,
  openProtection: 0x58,
  closed: 0x45,
  postOnly: 0x46,
  postOnlyPrice: 0x47,
} as const;
