/** `daybook replay --order`: everything that is on record about one order, in its order. */
import type { Auditor } from '../../audit/auditor.js';
import type { OrderStory } from '../../audit/order-story.js';
import { STORY_CSV_HEAD, storyCsvLine, storyTextLines } from '../../audit/story-text.js';
import { LineOutput } from '../line-output.js';
import { EXIT } from '../usage.js';

export type StoryFormat = 'text' | 'json' | 'csv';

export interface StoryQuestion {
  /** Its id, a client order id of its chain, or an execution id. */
  readonly order: string;
  readonly account: string | undefined;
  readonly at: string | undefined;
}

/** Page by page, however many events there are. @throws AuditError when the log has no such order */
export async function tellStory(
  auditor: Auditor,
  question: StoryQuestion,
  format: StoryFormat,
): Promise<number> {
  const output = new LineOutput();
  let after: number | undefined;
  do {
    const story = auditor.answer({ about: 'story', ...question, after }) as OrderStory;
    if (format === 'json') output.line(JSON.stringify(story));
    else if (format === 'csv') {
      if (after === undefined) output.line(STORY_CSV_HEAD);
      for (const event of story.events) output.line(storyCsvLine(event));
    } else for (const line of storyTextLines(story)) output.line(line);
    await output.flush();
    after = story.next ?? undefined;
  } while (after !== undefined && !output.gone);
  return EXIT.success;
}
