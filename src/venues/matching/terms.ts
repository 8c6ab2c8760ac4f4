/** What the matching engine is asked, and why it refuses. Prices are whole ticks, quantities whole lots. */

export const BOOK_SIDE = { Buy: 0, Sell: 1 } as const;
export type BookSideCode = (typeof BOOK_SIDE)[keyof typeof BOOK_SIDE];

export const LIFETIME = {
  /** What does not match at once rests in the book until canceled. */
  Rest: 0,
  /** What does not match at once is canceled. */
  ImmediateOrCancel: 1,
  /** All of it matches at once, or it is canceled and nothing matches. */
  FillOrKill: 2,
} as const;
export type Lifetime = (typeof LIFETIME)[keyof typeof LIFETIME];

/** An order to submit. A caller keeps one ticket and fills it again for every order. */
export class OrderTicket {
  /** The caller's own name for the order, a safe integer, unique among live orders. */
  tag = 0;
  side: BookSideCode = BOOK_SIDE.Buy;
  /** Matches at any price and never rests; `price` is not looked at. */
  market = false;
  /** Limit price in ticks; may be zero or negative. */
  price = 0;
  quantity = 0;
  /** Lots that have to match at once, else the order is canceled unmatched; 0 for none. */
  minimumQuantity = 0;
  /** Lots shown at a time (iceberg); 0 shows all. */
  displayQuantity = 0;
  lifetime: Lifetime = LIFETIME.Rest;
  /** Refused when any of it would match at once; also when it is replaced later. */
  postOnly = false;
}

/** Refusals as small integers, for the hot path; `bookRefusalCode` gives their stable names. */
export const BOOK_REFUSAL = {
  None: 0,
  /** The book holds as many orders as it may. */
  OrdersFull: 1,
  /** This side of the book has as many price levels as it may. */
  LevelsFull: 2,
  /** Not a whole number of lots from 1 to `quantityMax`, or display or minimum not within it. */
  QuantityInvalid: 3,
  /** Not a whole number of ticks. */
  PriceInvalid: 4,
  /** Terms that contradict each other: post-only that may not rest, or with a minimum quantity. */
  TermsInvalid: 5,
  PostOnlyWouldMatch: 6,
  /** No live order has this handle and tag. */
  OrderUnknown: 7,
} as const;
export type BookRefusal = (typeof BOOK_REFUSAL)[keyof typeof BOOK_REFUSAL];

const CODES = [
  'BOOK_OK',
  'BOOK_ORDERS_FULL',
  'BOOK_LEVELS_FULL',
  'BOOK_QUANTITY_INVALID',
  'BOOK_PRICE_INVALID',
  'BOOK_TERMS_INVALID',
  'BOOK_POST_ONLY_WOULD_MATCH',
  'BOOK_ORDER_UNKNOWN',
] as const;
export type BookRefusalCode = (typeof CODES)[number];

export function bookRefusalCode(refusal: BookRefusal): BookRefusalCode {
  return CODES[refusal] as BookRefusalCode;
}
