/** The story of an order for people and spreadsheets: a timeline to print, and CSV (RFC 4180). */
import { actorText } from './actors.js';
import type { DecisionContext } from './decision-context.js';
import type { OrderAsOf } from './order-as-of.js';
import type { OrderStory, StoryEvent } from './order-story.js';

export const STORY_CSV_HEAD =
  'sequence,time,received,type,actor,subject,session,epoch,producer,command,check,limit,value,unit,limit_sequence,limit_scope,mark,mark_sequence,halt_sequence,halt_scope,halt_actor,details';

const detailsOf = (event: StoryEvent): string =>
  Object.entries(event.values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** Quoted where it has to be. */
export const csvField = (value: string | number | undefined): string => {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line, without its end. */
export function storyCsvLine(event: StoryEvent): string {
  const { actor, command, comparedWith: c } = event;
  return [
    ...[event.sequence, event.time, event.received, event.type, actor.index, actor.subject],
    ...[event.session, command.epoch, command.producer, command.number],
    ...[c?.check, c?.limit, c?.value, c?.unit, c?.setBy?.sequence, c?.setBy?.scope],
    ...[c?.mark?.price, c?.mark?.sequence],
    ...[c?.halt?.sequence, c?.halt?.scope, c?.halt?.actor.index, detailsOf(event)],
  ]
    .map(csvField)
    .join(',');
}

const INDENT = ' '.repeat(14);

export function storyTextLines(story: OrderStory): string[] {
  const { order, asOf } = story;
  const head =
    order === null
      ? [`as of sequence ${asOf}`]
      : [
          `order ${order.orderId} ${order.clOrdId}, ${order.account}: ${askedText(order)}`,
          `as of sequence ${asOf}: ${order.status}, traded ${order.cumQuantity}` +
            `${order.averagePrice === '' ? '' : ` at ${order.averagePrice} on average`}, ` +
            `left ${order.leavesQuantity}, fees ${order.fees}`,
        ];
  const more = story.next === null ? [] : [`there is more after sequence ${story.next}`];
  return [...head, '', ...story.events.flatMap(eventLines), ...more];
}

/** What was asked for; what is not on record of it is left out. */
function askedText({ side, quantity, instrument, ordType, price, timeInForce }: OrderAsOf): string {
  const what = [side, quantity, instrument, ordType].filter((each) => each !== '').join(' ');
  return `${what}${price === '' ? '' : ` at ${price}`}, ${timeInForce}`;
}

function eventLines(event: StoryEvent): string[] {
  const { command, session } = event;
  const from = session === 0 ? '' : `, session ${session}`;
  return [
    `${String(event.sequence).padStart(12)}  ${event.time}  ${event.type}`,
    `${INDENT}by ${actorText(event.actor)}${from}; command ${command.epoch}/${command.producer}/${command.number}`,
    ...(event.comparedWith === undefined ? [] : decisionLines(event.comparedWith)),
    ...(event.type === 'RiskDecided' ? [] : [`${INDENT}${detailsOf(event)}`]),
  ];
}

function decisionLines(c: DecisionContext): string[] {
  const limit = c.limit === undefined ? 'no limit' : `limit ${c.limit}`;
  const what = c.check === 'all' ? 'every check' : `check ${c.check}`;
  const lines = [
    `${INDENT}${what} ${c.passed ? 'passed' : 'REFUSED'}: ${c.limitName ?? 'value'} ${c.value} ${c.unit}, ${limit}`,
  ];
  const { setBy, halt, mark } = c;
  if (setBy !== undefined) {
    const of = [setBy.scope, setBy.name, setBy.instrument].filter((each) => each !== '').join(' ');
    lines.push(
      `${INDENT}limit of ${of}, set at sequence ${setBy.sequence}, ${setBy.time}, by ${actorText(setBy.actor)}`,
    );
  }
  if (halt !== undefined) {
    const of = [halt.scope, halt.name].filter((each) => each !== '').join(' ');
    const why = halt.text === '' ? '' : `: ${halt.text}`;
    lines.push(
      `${INDENT}${of} ${halt.state} (${halt.type}) at sequence ${halt.sequence}, ${halt.time}, by ${actorText(halt.actor)}${why}`,
    );
  }
  if (mark !== undefined) {
    lines.push(`${INDENT}mark ${mark.price} of sequence ${mark.sequence}, ${mark.time}`);
  }
  return lines;
}
