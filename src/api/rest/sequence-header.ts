/** Says the sequence of the event behind an answer, or that a query's answer is as of. */
export const SEQUENCE_HEADER = 'x-daybook-sequence';
