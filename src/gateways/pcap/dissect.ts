/**
 * From a captured frame to the payload of UDP or TCP: Ethernet (any number of VLAN tags up to a
 * limit), Linux cooked capture, BSD loopback or bare IP; then IPv4 or IPv6.
 *
 * Lengths are those of IP and UDP, not of the frame: Ethernet pads short frames, and some capture
 * cards append their own trailer behind the packet.
 */
export interface TransportPacket {
  readonly kind: 'udp' | 'tcp';
  /** Where the two addresses stand, source first, and the bytes of one: 4 or 16. */
  readonly addressesAt: number;
  readonly addressBytes: 4 | 16;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payloadAt: number;
  /** Bytes of payload that were captured. */
  readonly payloadLength: number;
  /** Bytes of payload that the capture left out (snap length). */
  readonly missing: number;
  /** TCP only, else 0. */
  readonly sequence: number;
  readonly flags: number;
}

/** `ignored`: other traffic, such as ARP. `malformed`: ought to be readable and is not. */
export interface NoTransport {
  readonly kind: 'ignored' | 'malformed';
  readonly reason: string;
}

export const TCP_FLAG = { fin: 1, syn: 2, rst: 4 } as const;

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
/** Stacked VLAN tags that are followed. */
export const VLAN_TAGS_MAX = 8;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
/** IPv6 extension headers that have a length in units of 8: hop-by-hop, routing, destination. */
const IPV6_EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const IPV6_FRAGMENT = 44;

const LINK = { loopback: 0, ethernet: 1, raw: 101, openBsdLoop: 108, cooked: 113, ipv4: 228 };
const LINK_IPV6 = 229;
const LINK_COOKED_2 = 276;

interface Slice {
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
}

const malformed = (reason: string): NoTransport => ({ kind: 'malformed', reason });
const ignored = (reason: string): NoTransport => ({ kind: 'ignored', reason });

type Result = TransportPacket | NoTransport;

/** The IP payload: captured up to `end`, on the wire `missing` bytes longer. */
interface IpPayload extends Slice {
  readonly missing: number;
  readonly addressesAt: number;
  readonly addressBytes: 4 | 16;
}

function readUdp(ip: IpPayload): Result {
  const { view, at, end } = ip;
  if (end - at < 8) return malformed('UDP header is cut short');
  const length = view.getUint16(at + 4);
  const whole = end - at + ip.missing;
  // 0 stands for "the rest of the packet" in jumbograms.
  const bytes = length === 0 ? whole : length;
  if (bytes < 8 || bytes > whole) return malformed(`UDP length ${length} does not fit the packet`);
  const captured = Math.min(bytes, end - at);
  return {
    kind: 'udp',
    addressesAt: ip.addressesAt,
    addressBytes: ip.addressBytes,
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
    payloadAt: at + 8,
    payloadLength: captured - 8,
    missing: bytes - captured,
    sequence: 0,
    flags: 0,
  };
}

function readTcp(ip: IpPayload): Result {
  const { view, at, end } = ip;
  if (end - at < 20) return malformed('TCP header is cut short');
  const header = (view.getUint8(at + 12) >> 4) * 4;
  if (header < 20 || header > end - at) return malformed(`TCP header of ${header} bytes`);
  return {
    kind: 'tcp',
    addressesAt: ip.addressesAt,
    addressBytes: ip.addressBytes,
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
    payloadAt: at + header,
    payloadLength: end - at - header,
    missing: ip.missing,
    sequence: view.getUint32(at + 4),
    flags: view.getUint8(at + 13),
  };
}

function readTransport(protocol: number, ip: IpPayload): Result {
  if (protocol === PROTOCOL.udp) return readUdp(ip);
  if (protocol === PROTOCOL.tcp) return readTcp(ip);
  return ignored(`IP protocol ${protocol}`);
}

function readIpv4({ view, at, end }: Slice): Result {
  if (end - at < 20) return malformed('IPv4 header is cut short');
  const header = (view.getUint8(at) & 0xf) * 4;
  if (view.getUint8(at) >> 4 !== 4 || header < 20 || header > end - at) {
    return malformed('IPv4 header is wrong');
  }
  const protocol = view.getUint8(at + 9);
  if (protocol !== PROTOCOL.udp && protocol !== PROTOCOL.tcp) {
    return ignored(`IP protocol ${protocol}`);
  }
  // More fragments, or an offset.
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return malformed('an IP fragment');
  // 0 is what offloading network cards leave in captures on the sending host.
  const total = view.getUint16(at + 2) || end - at;
  if (total < header) return malformed(`IPv4 length ${total}`);
  const captured = Math.min(total, end - at);
  return readTransport(protocol, {
    view,
    at: at + header,
    end: at + captured,
    missing: total - captured,
    addressesAt: at + 12,
    addressBytes: 4,
  });
}

function readIpv6({ view, at, end }: Slice): Result {
  if (end - at < 40 || view.getUint8(at) >> 4 !== 6) return malformed('IPv6 header is wrong');
  const length = view.getUint16(at + 4);
  const total = length === 0 ? end - at : 40 + length;
  const captured = Math.min(total, end - at);
  const last = at + captured;
  let protocol = view.getUint8(at + 6);
  let next = at + 40;
  while (IPV6_EXTENSIONS.has(protocol) || protocol === IPV6_FRAGMENT) {
    if (last - next < 8) return malformed('IPv6 extension header is cut short');
    if (protocol === IPV6_FRAGMENT) {
      if ((view.getUint16(next + 2) & 0xfff9) !== 0) return malformed('an IP fragment');
      protocol = view.getUint8(next);
      next += 8;
    } else {
      protocol = view.getUint8(next);
      next += 8 + view.getUint8(next + 1) * 8;
    }
  }
  if (next > last) return malformed('IPv6 extension header is cut short');
  return readTransport(protocol, {
    view,
    at: next,
    end: last,
    missing: total - captured,
    addressesAt: at + 8,
    addressBytes: 16,
  });
}

function readByEthertype(ethertype: number, slice: Slice): Result {
  let type = ethertype;
  let { at } = slice;
  for (let tags = 0; VLAN_TAGS.has(type); tags++) {
    if (slice.end - at < 4) return malformed('VLAN tag is cut short');
    if (tags === VLAN_TAGS_MAX) return malformed(`more than ${VLAN_TAGS_MAX} VLAN tags`);
    type = slice.view.getUint16(at + 2);
    at += 4;
  }
  const rest = { view: slice.view, at, end: slice.end };
  if (type === ETHERTYPE.ipv4) return readIpv4(rest);
  if (type === ETHERTYPE.ipv6) return readIpv6(rest);
  return ignored(`ethertype 0x${type.toString(16)}`);
}

function readBareIp(slice: Slice): Result {
  if (slice.at >= slice.end) return malformed('an empty frame');
  return slice.view.getUint8(slice.at) >> 4 === 6 ? readIpv6(slice) : readIpv4(slice);
}

/** Bytes before the ethertype, and before what follows it. */
const ETHERTYPE_AT: ReadonlyMap<number, readonly [number, number]> = new Map([
  [LINK.ethernet, [12, 14] as const],
  [LINK.cooked, [14, 16] as const],
  [LINK_COOKED_2, [0, 20] as const],
]);

export function isKnownLink(linkType: number): boolean {
  return (
    ETHERTYPE_AT.has(linkType) ||
    [LINK.raw, LINK.ipv4, LINK_IPV6, LINK.loopback, LINK.openBsdLoop].includes(linkType)
  );
}

/** Finds the transport payload of the frame of `length` bytes at `at`. Never throws. */
export function dissect(linkType: number, view: DataView, at: number, length: number): Result {
  const end = at + length;
  const ethernet = ETHERTYPE_AT.get(linkType);
  if (ethernet !== undefined) {
    const [typeAt, header] = ethernet;
    if (length < header) return malformed('frame header is cut short');
    return readByEthertype(view.getUint16(at + typeAt), { view, at: at + header, end });
  }
  if (linkType === LINK.loopback || linkType === LINK.openBsdLoop) {
    return length < 4
      ? malformed('frame header is cut short')
      : readBareIp({ view, at: at + 4, end });
  }
  if (isKnownLink(linkType)) return readBareIp({ view, at, end });
  return malformed(`link type ${linkType} is not read`);
}
