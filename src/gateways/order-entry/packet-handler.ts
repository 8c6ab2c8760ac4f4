/** What each packet of a logged-in client does. */

import { REASON } from '../../domain/reject-reasons.js';
import type { Clock } from '../../lib/time.js';
import { checkInbound } from '../ouch/check.js';
import * as ouch from '../ouch/inbound.js';
import { putAccountQueryResponse } from '../ouch/outbound-writer.js';
import { OUCH_TYPE_IN as IN } from '../ouch/types.js';
import { SOUP_TYPE } from '../soupbintcp/catalogue.js';
import { encodeSoupPacket } from '../soupbintcp/packets.js';
import { FAULT, faultCode } from '../wire/fault.js';
import type { Connection } from './connection.js';
import { SinceMidnight } from './midnight.js';
import { KIND } from './request-id.js';
import { OUTCOME, type Outcome, type Requests } from './requests.js';
import type { SessionStream } from './session-stream.js';
import type { Tradables } from './tradable.js';

/** A packet was taken, must wait for the ring, or ends the session for the reason given. */
export type Handled = 'done' | 'blocked' | { readonly end: string };

const DONE = 'done';
const ACCOUNT_QUERY_RESPONSE_BYTES = 13;

export class PacketHandler {
  readonly #requests: Requests;
  readonly #tradables: Tradables;
  readonly #clock: Clock;
  readonly #midnight = new SinceMidnight();
  /** Requests taken, and those whose UserRefNum was not new. */
  taken = 0;
  ignored = 0;

  constructor(requests: Requests, tradables: Tradables, clock: Clock) {
    this.#requests = requests;
    this.#tradables = tradables;
    this.#clock = clock;
  }

  /** The packet that the connection's deframer stands at. */
  handle(connection: Connection, stream: SessionStream): Handled {
    const { deframer } = connection;
    switch (deframer.type) {
      case SOUP_TYPE.unsequencedData:
        return this.#message(connection, stream);
      case SOUP_TYPE.clientHeartbeat:
      case SOUP_TYPE.debug:
        return DONE;
      case SOUP_TYPE.logoutRequest:
        return { end: 'LOGOUT' };
      default:
        return { end: 'PACKET_TYPE_UNKNOWN' };
    }
  }

  #message(connection: Connection, stream: SessionStream): Handled {
    const { view, payloadAt: at, payloadLength } = connection.deframer;
    const fault = checkInbound(view, at, payloadLength);
    if (fault !== FAULT.none) return { end: faultCode(fault)! };
    const end = at + payloadLength;
    switch (view.getUint8(at)) {
      case IN.enterOrder:
        return this.#outcome(this.#requests.enterOrder(stream, view, at, end));
      case IN.replaceOrder:
        return this.#outcome(this.#requests.replaceOrder(stream, view, at, end));
      case IN.cancelOrder: {
        const userRef = ouch.cancelOrder.userRefNum(view, at);
        const size = ouch.cancelOrder.quantity(view, at);
        return this.#outcome(
          this.#requests.cancelOrder(
            stream,
            userRef,
            size,
            KIND.cancel,
            0,
            isPlain(at, end, ouch.CANCEL_ORDER_BYTES),
          ),
        );
      }
      case IN.modifyOrder: {
        const userRef = ouch.modifyOrder.userRefNum(view, at);
        const size = ouch.modifyOrder.quantity(view, at);
        const side = ouch.modifyOrder.side(view, at);
        return this.#outcome(
          this.#requests.cancelOrder(
            stream,
            userRef,
            size,
            KIND.modify,
            side,
            isPlain(at, end, ouch.MODIFY_ORDER_BYTES),
          ),
        );
      }
      case IN.massCancelRequest:
        if (!isPlain(at, end, ouch.MASS_CANCEL_REQUEST_BYTES)) {
          return this.#say(connection, 'appendages of a mass cancel are not supported');
        }
        return this.#massCancel(connection, stream, view, at);
      case IN.accountQuery:
        return this.#answerQuery(connection, stream);
      default:
        return this.#say(connection, 'this message type is not supported');
    }
  }

  #outcome(outcome: Outcome): Handled {
    switch (outcome) {
      case OUTCOME.taken:
        this.taken += 1;
        return DONE;
      case OUTCOME.ignored:
        this.ignored += 1;
        return DONE;
      case OUTCOME.blocked:
        return 'blocked';
      case OUTCOME.exhausted:
        return { end: 'USER_REFS_EXHAUSTED' };
    }
  }

  /** Firm and symbol blank match all; each order answers for itself. */
  #massCancel(connection: Connection, stream: SessionStream, view: DataView, at: number): Handled {
    const firm = textAt(view, at + 5, 4);
    const symbolHigh = view.getUint32(at + 9);
    const symbolLow = view.getUint32(at + 13);
    const account = firm === '' ? 0 : this.#requests.accountNamed(stream, firm);
    const everything = textAt(view, at + 9, 8) === '';
    const instrument = everything ? 0 : this.#tradables.bySymbol(symbolHigh, symbolLow)?.index;
    if ((firm !== '' && account === 0) || instrument === undefined) {
      return this.#say(connection, 'no such firm or symbol to mass cancel');
    }
    const reason = REASON.ORDER_MASS_CANCELED_BY_SESSION;
    return this.#outcome(this.#requests.massCancel(stream, account, instrument, reason));
  }

  /** Not of the log, so not of the sequenced stream. */
  #answerQuery(connection: Connection, stream: SessionStream): Handled {
    const { output } = connection;
    const bytes = 3 + ACCOUNT_QUERY_RESPONSE_BYTES;
    if (!output.room(bytes)) return { end: 'OUTPUT_FULL' };
    const { view } = output;
    view.setUint16(output.at, bytes - 2);
    view.setUint8(output.at + 2, SOUP_TYPE.unsequencedData);
    const time = this.#midnight.of(this.#clock.low, this.#clock.high | 0);
    const end = putAccountQueryResponse(view, output.at + 3, time, stream.orders.last + 1);
    output.at = end;
    output.flush();
    return DONE;
  }

  #say(connection: Connection, text: string): Handled {
    const packet = encodeSoupPacket('out', { type: '+', fields: { text } });
    const { output } = connection;
    if (!output.room(packet.length)) return { end: 'OUTPUT_FULL' };
    new Uint8Array(output.view.buffer, output.view.byteOffset).set(packet, output.at);
    output.at += packet.length;
    output.flush();
    return DONE;
  }
}

/** Whether nothing but the length of an appendage stands behind the fixed fields. */
const isPlain = (at: number, end: number, bytes: number): boolean =>
  end <= at + bytes + ouch.APPENDAGE_LENGTH_BYTES;

function textAt(view: DataView, at: number, bytes: number): string {
  let text = '';
  for (let i = 0; i < bytes; i += 1) text += String.fromCharCode(view.getUint8(at + i));
  return text.trimEnd();
}
