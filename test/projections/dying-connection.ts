import type pg from 'pg';
import {
  type ConnectionSettings,
  connect,
} from '../../src/projections/database/connection-settings.js';

/** When a connection is to die; several connections may share one countdown. */
export interface Countdown {
  /** Statements up to the fatal one, which is counted. */
  left: number;
  readonly onKill: () => void;
}

/** A connection whose server process is terminated right before the last statement of a countdown. */
export async function connectDying(
  settings: ConnectionSettings,
  killer: pg.Client,
  countdown: Countdown,
): Promise<pg.Client> {
  const client = await connect(settings, 'test dying');
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  client.query = ((...parameters: unknown[]): unknown => {
    countdown.left--;
    if (countdown.left !== 0) return query(...parameters);
    countdown.onKill();
    const sent = killer
      .query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid])
      .then(() => query(...parameters));
    // A COPY is an object that settles by itself once it was sent.
    const copies = typeof (parameters[0] as { submit?: unknown }).submit === 'function';
    return copies ? parameters[0] : sent;
  }) as never;
  return client;
}
