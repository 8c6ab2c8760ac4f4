/** What checks of different parts have in common: where something is wrong, and what. */
export interface CheckFinding {
  /** A file, a table or a stream. */
  readonly file: string;
  /** Byte in the file; 0 where there is none. */
  readonly offset: number;
  readonly sequence: number;
  readonly code: string;
  readonly reason: string;
}
