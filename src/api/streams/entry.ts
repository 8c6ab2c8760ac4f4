/** What one event has to say to a topic. */
export interface Entry {
  readonly sequence: number;
  /**
   * Whose it is: the name of an account; '' for what only those may see who may see every account;
   * null for what everybody may see who may see the topic.
   */
  readonly account: string | null;
  /** Symbol; '' none. */
  readonly instrument: string;
  readonly view: EntryView;
  /** Its encodings, made when first asked for and shared by all subscribers. */
  json: string | undefined;
  message: Uint8Array | undefined;
}

/** JSON values; what is absent is undefined and not sent. `sequence` and `time` come first. */
export interface EntryView {
  readonly sequence: number;
  readonly time: string;
}

export function entry(
  view: EntryView,
  about: { account: string | null; instrument?: string },
): Entry {
  const { account, instrument = '' } = about;
  const { sequence } = view;
  return { sequence, account, instrument, view, json: undefined, message: undefined };
}
