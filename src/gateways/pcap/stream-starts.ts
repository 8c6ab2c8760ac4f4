import { sequenceDistance } from './tcp-reassembly.js';

/** Segments of a flow that are looked at to find where it starts. */
export const START_SEGMENTS_MAX = 64;

interface Seen {
  complete: boolean;
  readonly segments: { readonly sequence: number; readonly end: number }[];
}

/**
 * Finds where flows start whose SYN is not in the capture, as its first segment may be one that
 * overtook others. Fed by a first pass over the capture.
 */
export class StreamStarts {
  private readonly seen = new Map<string, Seen | 'synchronised'>();
  private readonly flowsMax: number;

  constructor(flowsMax: number) {
    this.flowsMax = flowsMax;
  }

  segment(key: string, sequence: number, syn: boolean, bytes: number): void {
    let seen = this.seen.get(key);
    if (seen === undefined) {
      if (this.seen.size >= this.flowsMax) return;
      seen = syn ? 'synchronised' : { complete: false, segments: [] };
      this.seen.set(key, seen);
    }
    if (seen === 'synchronised') return;
    if (syn) {
      // Another connection on the same ports: its segments say nothing about this one.
      seen.complete = true;
    } else if (bytes > 0 && !seen.complete) {
      seen.segments.push({ sequence, end: (sequence + bytes) >>> 0 });
      seen.complete = seen.segments.length === START_SEGMENTS_MAX;
    }
  }

  /** First sequence number by flow: from the first segment back over those that join before it. */
  result(): Map<string, number> {
    const starts = new Map<string, number>();
    for (const [key, seen] of this.seen) {
      if (seen === 'synchronised' || seen.segments.length === 0) continue;
      starts.set(key, chainBack(seen));
    }
    return starts;
  }
}

function chainBack({ segments }: Seen): number {
  let start = segments[0]!.sequence;
  for (let i = 0; i < segments.length; i++) {
    const before = segments.find(
      ({ sequence, end }) => end === start && sequenceDistance(sequence, start) < 0,
    );
    if (before === undefined) break;
    start = before.sequence;
  }
  return start;
}
