/** Where commits begin, learned from a reader of the journal by way of its sparse index. */
import { SparseIndex } from '../../log/journal/sparse-index.js';
import type { CommitPlace } from './chunk-builder.js';

export class CommitPlaces extends SparseIndex {
  /** Commits told of since the last `take`, ascending. */
  #met: CommitPlace[] = [];
  #from: number;
  readonly #start: CommitPlace | undefined;

  /**
   * @param from commits before it are passed over
   * @param start a commit to begin the search at; none: the start of the segment
   */
  constructor(from: number, start?: CommitPlace) {
    super();
    this.#from = from;
    this.#start = start;
  }

  override find(segment: number, sequence: number): CommitPlace | undefined {
    const start = this.#start;
    if (start === undefined || start.segment !== segment) return undefined;
    return start.sequence <= sequence ? start : undefined;
  }

  override add(segment: number, sequence: number, offset: number): void {
    if (sequence < this.#from) return;
    this.#from = sequence + 1;
    this.#met.push({ sequence, segment, offset });
  }

  take(): CommitPlace[] {
    const met = this.#met;
    this.#met = [];
    return met;
  }
}
