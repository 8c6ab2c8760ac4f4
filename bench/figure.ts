/** One measured value of a benchmark. Names are snake_case, unit last, and stable once published. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the acknowledgement waits for; `none` where the bench acknowledges nothing. */
  readonly ack: 'none' | 'memory' | 'disk' | 'second-host';
  /** The peer or bare-metal figure of the same run, in the same unit. */
  readonly baseline?: number;
}
