/**
 * What the use cases work with. REST, gRPC and every later face of Daybook call the functions of
 * this folder with it; none of them knows a transport.
 */
import type { CommandData, CommandHeader, CommandName } from '../../domain/commands.js';
import type { DaybookEvent, EventName } from '../../domain/events.js';
import { type Clock, nsFromWords } from '../../lib/time.js';
import { type Identity, LOCAL_IDENTITY } from '../identity/identity.js';
import type { LogFollower } from '../log-follower.js';
import type { Outcome, Outcomes } from '../outcomes.js';
import type { RecentClientIds } from '../reference/recent-client-ids.js';
import type { RecentOrders } from '../reference/recent-orders.js';
import type { ReferenceData } from '../reference/reference-data.js';
import { type ApplicationError, overloaded, problem } from './errors.js';
import type { ReadModels } from './read-models.js';

/**
 * Times of receipt are multiples of this many ns; those between them are of repeatable requests, each
 * of one command alone.
 */
export const RECEIVED_STEP_NS = 16;

/** The writer as use cases see it; `commands/command-port.ts` is the one that runs. */
export interface Commands {
  readonly open: boolean;
  submit<N extends CommandName>(
    name: N,
    header: Omit<CommandHeader, 'command'>,
    data: CommandData<N>,
  ): number;
}

export interface Application {
  readonly commands: Commands;
  readonly outcomes: Outcomes;
  readonly reference: ReferenceData;
  readonly recentOrders: RecentOrders;
  readonly recentClientIds: RecentClientIds;
  readonly follower: LogFollower;
  readonly readModels: ReadModels;
  readonly clock: Clock;
}

/** Who asks, and over which session: on record in every event of the command. */
export interface Caller {
  readonly actor: number;
  readonly session: number;
  readonly identity: Identity;
  /** Of a request that may be sent again; absent: it stands for itself. */
  readonly repeatable?: Repeatable | undefined;
}

/** A request that its sender may send again, and that must not be done twice. */
export interface Repeatable {
  /** Whether an earlier attempt may have left something on record. */
  readonly repeated: boolean;
  /** The time of receipt of its next command, in ns: no other command has it. */
  received(): bigint;
  /** The writer has a command of it. */
  taken(): void;
  /**
   * What an earlier attempt made of its next command; undefined when nothing is on record, and nothing
   * will be. @throws ApplicationError OUTCOME_PENDING when that cannot be said yet
   */
  recorded(until: EventName | undefined, brief: boolean): Promise<Outcome | undefined>;
}

/** Daybook itself, and whoever reaches a process that was started without identities. */
export const LOCAL_CALLER: Caller = { actor: 0, session: 0, identity: LOCAL_IDENTITY };

/** @param session of a gateway; 0 where each request stands for itself */
export function callerOf(identity: Identity, session = 0): Caller {
  return { actor: identity.actor, session, identity };
}

const OPENS_RISK: ReadonlySet<CommandName> = new Set<CommandName>(['NewOrder', 'ReplaceOrder']);

/**
 * Puts a command to the writer and waits until its events are durable.
 *
 * @returns all events of the command, at least one
 * @throws ApplicationError CAPACITY_OVERLOAD (nothing was taken), OUTCOME_PENDING (taken, outcome
 *   not seen in time), SERVICE_UNAVAILABLE
 */
export async function perform<N extends CommandName>(
  app: Application,
  caller: Caller,
  name: N,
  data: CommandData<N>,
): Promise<readonly DaybookEvent[]> {
  return (await performUntil(app, caller, name, data, undefined)).events;
}

/**
 * The same for a command that may take several commits: `until` is the event that ends it.
 * @param brief as `Outcomes.of` has it
 */
export function performUntil<N extends CommandName>(
  app: Application,
  caller: Caller,
  name: N,
  data: CommandData<N>,
  until: EventName | undefined,
  brief = false,
): Promise<Outcome> {
  const { repeatable } = caller;
  if (repeatable?.repeated !== true) return putToWriter(app, caller, name, data, until, brief);
  return repeatable
    .recorded(until, brief)
    .then((recorded) => recorded ?? putToWriter(app, caller, name, data, until, brief));
}

function putToWriter<N extends CommandName>(
  app: Application,
  { actor, session, repeatable }: Caller,
  name: N,
  data: CommandData<N>,
  until: EventName | undefined,
  brief: boolean,
): Promise<Outcome> {
  if (app.follower.state !== 'following') return Promise.reject(unavailable());
  if (!app.outcomes.hasRoom(OPENS_RISK.has(name))) return Promise.reject(overloaded());
  app.clock.tick();
  const received = repeatable?.received() ?? plainTime(app.clock);
  const command = app.commands.submit(name, { received, actor, session }, data);
  if (command < 0) return Promise.reject(overloaded());
  repeatable?.taken();
  return app.outcomes.of(command, until, brief);
}

/** Now, as requests are received that are not repeatable: a multiple of RECEIVED_STEP_NS. */
function plainTime({ low, high }: Clock): bigint {
  return nsFromWords((low & -RECEIVED_STEP_NS) >>> 0, high);
}

function unavailable(): ApplicationError {
  return problem('SERVICE_UNAVAILABLE');
}
