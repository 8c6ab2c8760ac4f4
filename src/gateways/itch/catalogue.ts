import {
  alpha,
  char,
  type FieldSpec,
  type MessageLayout,
  message,
  price32,
  price64,
  u16,
  u32,
  u48,
  u64,
} from '../wire/layout.js';
import { protocol } from '../wire/message-codec.js';

/** Behind the type byte of every ITCH message: 10 bytes. */
const HEADER = [u16('stockLocate'), u16('trackingNumber'), u48('timestamp')];

function itch(name: string, type: string, fields: readonly FieldSpec[]): MessageLayout {
  return message(name, type, ['out'], [...HEADER, ...fields]);
}

const stock = alpha('stock', 8);
const reference = u64('orderReferenceNumber');
const shares = u32('shares');
const price = price32('price');
const matchNumber = u64('matchNumber');
const ADDED = [reference, char('buySellIndicator'), shares, stock, price];
const EXECUTED = [reference, u32('executedShares'), matchNumber];

/**
 * Every message of TotalView-ITCH 5.0 (Nasdaq), big-endian. `timestamp` counts nanoseconds since
 * midnight; prices have 4 implied decimals, the three levels of `V` 8. `O` is from a later edition
 * of the specification and, as R, V, W, K, h and B, was never seen in a captured packet.
 */
export const ITCH = protocol('itch', [
  itch('SystemEvent', 'S', [char('eventCode')]),
  itch('StockDirectory', 'R', [
    stock,
    char('marketCategory'),
    char('financialStatusIndicator'),
    u32('roundLotSize'),
    char('roundLotsOnly'),
    char('issueClassification'),
    alpha('issueSubType', 2),
    char('authenticity'),
    char('shortSaleThresholdIndicator'),
    char('ipoFlag'),
    char('luldReferencePriceTier'),
    char('etpFlag'),
    u32('etpLeverageFactor'),
    char('inverseIndicator'),
  ]),
  itch('StockTradingAction', 'H', [
    stock,
    char('tradingState'),
    char('reserved'),
    alpha('reason', 4),
  ]),
  itch('RegSHORestriction', 'Y', [stock, char('regSHOAction')]),
  itch('MarketParticipantPosition', 'L', [
    alpha('mpid', 4),
    stock,
    char('primaryMarketMaker'),
    char('marketMakerMode'),
    char('marketParticipantState'),
  ]),
  itch('MWCBDeclineLevel', 'V', [price64('level1', 8), price64('level2', 8), price64('level3', 8)]),
  itch('MWCBStatus', 'W', [char('breachedLevel')]),
  itch('IPOQuotingPeriodUpdate', 'K', [
    stock,
    u32('ipoQuotationReleaseTime'),
    char('ipoQuotationReleaseQualifier'),
    price32('ipoPrice'),
  ]),
  itch('LULDAuctionCollar', 'J', [
    stock,
    price32('auctionCollarReferencePrice'),
    price32('upperAuctionCollarPrice'),
    price32('lowerAuctionCollarPrice'),
    u32('auctionCollarExtension'),
  ]),
  itch('OperationalHalt', 'h', [stock, char('marketCode'), char('operationalHaltAction')]),
  itch('AddOrder', 'A', ADDED),
  itch('AddOrderWithMPID', 'F', [...ADDED, alpha('attribution', 4)]),
  itch('OrderExecuted', 'E', EXECUTED),
  itch('OrderExecutedWithPrice', 'C', [...EXECUTED, char('printable'), price32('executionPrice')]),
  itch('OrderCancel', 'X', [reference, u32('canceledShares')]),
  itch('OrderDelete', 'D', [reference]),
  itch('OrderReplace', 'U', [
    u64('originalOrderReferenceNumber'),
    u64('newOrderReferenceNumber'),
    shares,
    price,
  ]),
  itch('NonCrossTrade', 'P', [...ADDED, matchNumber]),
  itch('CrossTrade', 'Q', [
    u64('shares'),
    stock,
    price32('crossPrice'),
    matchNumber,
    char('crossType'),
  ]),
  itch('BrokenTrade', 'B', [matchNumber]),
  itch('NetOrderImbalanceIndicator', 'I', [
    u64('pairedShares'),
    u64('imbalanceShares'),
    char('imbalanceDirection'),
    stock,
    price32('farPrice'),
    price32('nearPrice'),
    price32('currentReferencePrice'),
    char('crossType'),
    char('priceVariationIndicator'),
  ]),
  itch('RetailPriceImprovementIndicator', 'N', [stock, char('interestFlag')]),
  itch('DirectListingWithCapitalRaise', 'O', [
    stock,
    char('openEligibilityStatus'),
    price32('minimumAllowablePrice'),
    price32('maximumAllowablePrice'),
    price32('nearExecutionPrice'),
    u64('nearExecutionTime'),
    price32('lowerPriceRangeCollar'),
    price32('upperPriceRangeCollar'),
  ]),
]);
