/**
 * Which appendages a request may have. What Daybook does not do is refused, never passed over: an order
 * that would mean something else without it must not be taken. The same for a tag that we do not know,
 * and for one that stands there twice.
 */
import { OUCH_TAG } from '../ouch/catalogue.js';

/** By tag: absent, refused; '' with any value; else one of these characters. */
type Permitted = Readonly<Record<number, string>>;

const { firm, minQty, customerType, maxFloor, priceType, postOnly, expireTime } = OUCH_TAG;
const { tradeNow, handleInst } = OUCH_TAG;

/** What says that nothing special is wanted. */
const PLAIN: Permitted = {
  [customerType]: 'N ',
  [priceType]: 'L',
  [tradeNow]: 'N ',
  [handleInst]: ' ',
};

/** Values of each tag that may stand there; no list, any value; tags are below 32. */
export interface Appendages {
  readonly tags: number;
  readonly values: readonly (readonly number[] | undefined)[];
}

function permit(permitted: Permitted): Appendages {
  let tags = 0;
  const values = new Array<readonly number[] | undefined>(32).fill(undefined);
  for (const [tag, characters] of Object.entries(permitted)) {
    tags |= 1 << Number(tag);
    if (characters !== '') values[Number(tag)] = Array.from(characters, (c) => c.charCodeAt(0));
  }
  return { tags, values };
}

export const OF_ORDER = permit({
  ...PLAIN,
  ...{ [firm]: '', [minQty]: '', [maxFloor]: '', [postOnly]: 'PN', [expireTime]: '' },
});

/** A replace changes neither MinQty nor PostOnly nor ExpireTime: they stay, and cannot be given again. */
export const OF_REPLACE = permit({ ...PLAIN, [firm]: '', [maxFloor]: '' });

/** Whether all items of a checked message's appendage may stand there, each once. */
export function arePermitted(
  of: Appendages,
  view: DataView,
  appendageAt: number,
  end: number,
): boolean {
  let left = of.tags;
  for (let at = appendageAt + 2; at < end; at += 1 + view.getUint8(at)) {
    const tag = view.getUint8(at + 1);
    if (tag > 31 || (left & (1 << tag)) === 0) return false;
    left &= ~(1 << tag);
    const values = of.values[tag];
    if (values !== undefined && !values.includes(view.getUint8(at + 2))) return false;
  }
  return true;
}
