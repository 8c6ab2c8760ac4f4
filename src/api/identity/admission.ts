/**
 * The door: who comes, is it let in, and at what rate. One for all listeners of a process.
 *
 * What it refuses, and what use cases refuse later, is in the record of refused access.
 */
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { FailedLogins } from '../../lib/failed-logins.js';
import { FileWatch } from '../../lib/file-watch.js';
import { ApplicationError, problem } from '../application/errors.js';
import { accessLogPath } from './access-log.js';
import {
  type Authenticated,
  authenticate,
  type Credentials,
  claimedBy,
  isBare,
  isRefused,
} from './authenticate.js';
import { Identities, type RegisterActor } from './identities.js';
import type { Identity } from './identity.js';
import { type TokenOptions, TokenVerifier } from './json-web-token.js';
import { RateLimit } from './rate-limit.js';
import { nameOf, RefusedAccess } from './refused-access.js';

export interface AdmissionOptions {
  /** Where the access log is. */
  readonly directory: string;
  readonly register: RegisterActor;
  readonly tokens?: TokenOptions | undefined;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** How often the access log is looked at, in ms. */
  readonly lookMs?: number;
  /** Milliseconds, for the windows of failed logins. */
  readonly now?: () => number;
}

/** What is asked, for the record. */
export interface Asked {
  readonly peer: string;
  /** Of the other side, without its port: failed logins are counted by it. */
  readonly address: string;
  /** Method and path, or the name of the call. */
  readonly what: string;
}

/** A login that the gateway of OUCH has refused. */
export interface RefusedLogin {
  readonly code: string;
  readonly why: string;
  readonly peer: string;
  readonly what: string;
  /** As it was given. */
  readonly login: string;
}

/** How long it takes until a change made by `daybook identity` is in force, at most, in ms. */
export const ACCESS_LOOK_MS_MAX = 500;

export class Admission {
  readonly #refused: RefusedAccess;
  readonly #tokens: TokenVerifier | undefined;
  readonly #rates = new RateLimit();
  readonly #failedLogins = new FailedLogins();
  readonly #now: () => number;
  readonly #counter: Counter;
  readonly #watch: FileWatch;
  /** Errors that are on record, whoever reports them again. */
  readonly #recorded = new WeakSet<ApplicationError>();
  readonly #listeners = new Set<(identities: Identities) => void>();
  #identities: Identities;

  private constructor(options: AdmissionOptions, identities: Identities) {
    const { directory, tokens, metrics, logger, register } = options;
    this.#identities = identities;
    this.#now = options.now ?? (() => performance.now());
    this.#refused = new RefusedAccess(directory);
    this.#tokens = tokens === undefined ? undefined : new TokenVerifier(tokens);
    this.#counter = new Counter({
      name: 'daybook_access_refused_total',
      help: 'Requests refused for who sent them, by code',
      labelNames: ['code'],
      registers: [metrics],
    });
    this.#watch = new FileWatch(
      [accessLogPath(directory)],
      options.lookMs ?? ACCESS_LOOK_MS_MAX,
      async () => this.#take(await Identities.read(directory, register)),
      (err) => logger.error({ err }, 'identities stay as they were'),
    );
  }

  /** @throws AccessError when the access log is damaged; what `register` rejects with */
  static async start(options: AdmissionOptions): Promise<Admission> {
    const identities = await Identities.read(options.directory, options.register);
    return new Admission(options, identities);
  }

  get identities(): Identities {
    return this.#identities;
  }

  /** Why the last change of the access log is not in force; undefined when it is. */
  get failure(): unknown {
    return this.#watch.failure;
  }

  /** Called with what is in force from now on, after each change. @returns ends that */
  onChange(listener: (identities: Identities) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Who it is, when it may come in now.
   * @throws ApplicationError CREDENTIALS_MISSING, _INVALID, _EXPIRED, RATE_LIMITED,
   *   LOGIN_ATTEMPTS_EXCEEDED; as a rejection when the answer is a promise. All of them are recorded here
   */
  admit(credentials: Credentials, asked: Asked): Identity | Promise<Identity> {
    if (!this.#failedLogins.quiet) this.#refuseAttempts(credentials, asked);
    const result = authenticate(credentials, this.#identities, this.#tokens);
    if (result instanceof Promise) {
      return result.then((later) => this.#decide(later, credentials, asked));
    }
    return this.#decide(result, credentials, asked);
  }

  /** A login that another listener has refused, for the record. */
  recordLogin({ code, why, peer, what, login }: RefusedLogin): void {
    const session = this.#identities.book.sessions.get(login);
    const credential = nameOf(login, session !== undefined);
    this.#counter.inc({ code });
    this.#refused.record({ code, why, peer, what, identity: session?.user, credential });
  }

  /** Keeps an identity that was let in once to its rate: for each message of a stream. */
  throttle(identity: Identity): void {
    const { name, requestsPerSecond } = identity;
    const waitMs = this.#rates.take(name, requestsPerSecond, performance.now());
    if (waitMs > 0) throw problem('RATE_LIMITED', undefined, { retryAfterMs: waitMs });
  }

  /** Puts a refusal by a use case on record; other errors are none of its business. */
  record(error: unknown, asked: Asked, identity: Identity): void {
    if (!(error instanceof ApplicationError)) return;
    if (error.kind !== 'forbidden' && error.kind !== 'rate-limited') return;
    const { name, credential } = identity;
    this.#record({ error, why: error.message, credential: credential.id }, asked, name);
  }

  close(): void {
    this.#watch.close();
    this.#refused.close();
  }

  /** @throws ApplicationError LOGIN_ATTEMPTS_EXCEEDED */
  #refuseAttempts(credentials: Credentials, asked: Asked): void {
    if (isBare(credentials)) return;
    const claimed = claimedBy(credentials, this.#identities);
    const waitMs = this.#failedLogins.waitMs(asked.address, claimed, this.#now());
    if (waitMs === 0) return;
    const error = problem('LOGIN_ATTEMPTS_EXCEEDED', undefined, { retryAfterMs: waitMs });
    this.#record({ error, why: 'too many failed logins' }, asked, claimed);
    throw error;
  }

  #decide(result: Authenticated, credentials: Credentials, asked: Asked): Identity {
    if (isRefused(result)) {
      this.#record(result, asked, undefined);
      if (result.guess === true) {
        const claimed = claimedBy(credentials, this.#identities);
        this.#failedLogins.failed(asked.address, claimed, this.#now());
      }
      throw result.error;
    }
    this.#failedLogins.succeeded(asked.address, result.name, this.#now());
    try {
      this.throttle(result);
    } catch (error) {
      this.record(error, asked, result);
      throw error;
    }
    return result;
  }

  #record(
    {
      error,
      why,
      credential,
    }: { error: ApplicationError; why: string; credential?: string | undefined },
    { peer, what }: Asked,
    identity: string | undefined,
  ): void {
    if (this.#recorded.has(error)) return;
    this.#recorded.add(error);
    this.#counter.inc({ code: error.code });
    this.#refused.record({ code: error.code, why, peer, what, identity, credential });
  }

  #take(identities: Identities): void {
    this.#identities = identities;
    const names = new Set(identities.book.users.keys());
    this.#rates.keep(names);
    this.#failedLogins.keep(names);
    for (const listener of this.#listeners) listener(identities);
  }
}
