import { type ByteSource, ByteWindow } from './byte-window.js';
import { CaptureError } from './capture-error.js';
import { isPcapMagic, readPcap } from './pcap.js';
import { PCAPNG_SECTION, readPcapng } from './pcapng.js';

/** One frame as it was captured. `view` and `bytes` are valid until the next packet is read. */
export interface CapturedPacket {
  /** From 1, as in other tools. */
  readonly number: number;
  /** Offset of the packet's record in the file. */
  readonly offset: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly linkType: number;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Where the frame stands in `bytes`. */
  readonly at: number;
  /** Bytes captured. */
  readonly length: number;
  /** Bytes on the wire: more than `length` when the capture was limited. */
  readonly originalLength: number;
}

/**
 * Reads the packets of a pcap or pcapng file, either byte order, micro- or nanoseconds.
 *
 * @throws CaptureError with file and offset when the file is truncated or malformed; the packets
 *   before that point have been yielded
 */
export function* readCapture(source: ByteSource): Generator<CapturedPacket> {
  const window = new ByteWindow(source);
  window.require(4, 'a capture');
  const magic = window.view.getUint32(0);
  if (magic === PCAPNG_SECTION) {
    yield* readPcapng(window);
  } else if (isPcapMagic(magic)) {
    yield* readPcap(window, magic);
  } else {
    const shown = magic.toString(16).padStart(8, '0');
    throw new CaptureError(
      'CAPTURE_MALFORMED',
      source.file,
      0,
      `neither pcap nor pcapng: it begins with ${shown}`,
    );
  }
}
