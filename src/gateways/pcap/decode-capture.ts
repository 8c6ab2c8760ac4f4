import type { ByteSource } from './byte-window.js';
import { type CapturedPacket, readCapture } from './capture.js';
import { CaptureError } from './capture-error.js';
import { decodeDatagram } from './datagram-decoder.js';
import { type Decoded, DecodedQueue, type Origin } from './decoded.js';
import {
  dissect,
  isKnownLink,
  type NoTransport,
  TCP_FLAG,
  type TransportPacket,
} from './dissect.js';
import { endpointText } from './endpoint.js';
import { StreamDecoder } from './stream-decoder.js';
import { StreamStarts } from './stream-starts.js';
import { type StreamSink, TCP_FLOWS_MAX, TcpReassembler } from './tcp-reassembly.js';

interface Flow {
  readonly decoder: StreamDecoder;
  readonly source: string;
  readonly destination: string;
}

function dissectPacket(source: ByteSource, packet: CapturedPacket): TransportPacket | NoTransport {
  if (!isKnownLink(packet.linkType)) {
    throw new CaptureError(
      'CAPTURE_UNSUPPORTED',
      source.file,
      packet.offset,
      `link type ${packet.linkType} is not read`,
    );
  }
  return dissect(packet.linkType, packet.view, packet.at, packet.length);
}

/** Addresses and ports of one direction, as a map key. */
function flowKey(packet: CapturedPacket, transport: TransportPacket): string {
  const { addressesAt, addressBytes, sourcePort, destinationPort } = transport;
  let key = `${sourcePort}.${destinationPort}.`;
  for (let i = 0; i < 2 * addressBytes; i++) {
    key += String.fromCharCode(packet.bytes[addressesAt + i]!);
  }
  return key;
}

function findStarts(source: ByteSource): Map<string, number> {
  const starts = new StreamStarts(TCP_FLOWS_MAX);
  try {
    for (const packet of readCapture(source)) {
      const transport = dissectPacket(source, packet);
      if (transport.kind !== 'tcp') continue;
      const syn = (transport.flags & TCP_FLAG.syn) !== 0;
      const bytes = transport.payloadLength + transport.missing;
      starts.segment(flowKey(packet, transport), transport.sequence, syn, bytes);
    }
  } catch (error) {
    // The pass that decodes meets the same error, and tells it after what comes before it.
    if (!(error instanceof CaptureError)) throw error;
  }
  return starts.result();
}

class CaptureDecoder implements StreamSink {
  private readonly queue = new DecodedQueue();
  private readonly flows = new Map<string, Flow>();
  private readonly reassembler: TcpReassembler;
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.source = source;
    this.reassembler = new TcpReassembler(this, findStarts(source));
  }

  packet(packet: CapturedPacket): Decoded[] {
    const { queue } = this;
    const transport = dissectPacket(this.source, packet);
    queue.origin = originOf(packet, transport);
    if (transport.kind === 'malformed') queue.finding(transport.reason);
    if (transport.kind === 'udp') this.udp(packet, transport);
    if (transport.kind === 'tcp') this.tcp(packet, transport);
    return queue.take();
  }

  end(): Decoded[] {
    this.reassembler.end();
    return this.queue.take();
  }

  opened(key: string): void {
    const { source, destination } = this.queue.origin;
    this.flows.set(key, { decoder: new StreamDecoder(this.queue), source, destination });
  }

  data(key: string, bytes: Uint8Array): void {
    this.flows.get(key)?.decoder.data(bytes);
  }

  gap(key: string, count: number): void {
    this.inFlow(key, (decoder) => decoder.gap(count));
  }

  closed(key: string): void {
    this.inFlow(key, (decoder) => decoder.end());
    this.flows.delete(key);
  }

  /** What is found when another packet, or the end, makes room names its own connection. */
  private inFlow(key: string, run: (decoder: StreamDecoder) => void): void {
    const flow = this.flows.get(key);
    if (flow === undefined) return;
    const { origin } = this.queue;
    const { source, destination } = flow;
    this.queue.origin = { ...origin, source, destination };
    run(flow.decoder);
    this.queue.origin = origin;
  }

  private udp(packet: CapturedPacket, transport: TransportPacket): void {
    if (transport.missing > 0) {
      this.queue.finding(`the capture left out ${transport.missing} bytes of UDP`);
      return;
    }
    const { payloadAt, payloadLength } = transport;
    decodeDatagram(this.queue, packet.view, packet.bytes, payloadAt, payloadLength);
  }

  private tcp(packet: CapturedPacket, transport: TransportPacket): void {
    const { payloadAt, payloadLength, sequence, flags, missing } = transport;
    const payload = packet.bytes.subarray(payloadAt, payloadAt + payloadLength);
    const syn = (flags & TCP_FLAG.syn) !== 0;
    this.reassembler.segment(flowKey(packet, transport), sequence, syn, payload, missing);
  }
}

function originOf(packet: CapturedPacket, transport: TransportPacket | NoTransport): Origin {
  const { number, offset, time } = packet;
  const origin = { packet: number, offset, time };
  if (transport.kind !== 'udp' && transport.kind !== 'tcp') {
    return { ...origin, source: '', destination: '' };
  }
  const { addressesAt: at, addressBytes, sourcePort, destinationPort } = transport;
  return {
    ...origin,
    source: endpointText(packet.view, at, addressBytes, sourcePort),
    destination: endpointText(packet.view, at + addressBytes, addressBytes, destinationPort),
  };
}

/**
 * Decodes every message of a capture, in the order in which packets complete them.
 *
 * UDP is read as MoldUDP64 with ITCH 5.0 (or OUCH 5.0, a drop copy) in it, TCP as SoupBinTCP with
 * OUCH 5.0, whatever the ports. Reads the source twice: a flow whose SYN was not captured starts
 * at the first of its segments, not at the first that arrived.
 *
 * @throws CaptureError when the file cannot be read on; what comes before has been yielded
 */
export function* decodeCapture(source: ByteSource): Generator<Decoded> {
  const decoder = new CaptureDecoder(source);
  let failure: unknown;
  try {
    for (const packet of readCapture(source)) yield* decoder.packet(packet);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    failure = error;
  }
  yield* decoder.end();
  if (failure !== undefined) throw failure;
}
