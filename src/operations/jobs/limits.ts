/** Runs of a job that its history keeps: as many that went well, and as many that failed. */
export const RUNS_KEPT_MAX = 500;

/** Connections to PostgreSQL that all jobs share: one that listens for each, and a few that ask. */
export const JOB_CONNECTIONS_MAX = 10;

/**
 * A run that has not been heard of for so long, ms, has died with its process and is run again, once.
 * Longer than any part of a job that lets nothing else have a turn.
 */
export const RUN_SILENT_MS_MAX = 10 * 60 * 1000;

/** How often the jobs look whether the clock was set back, ms. */
export const CLOCK_LOOK_MS = 1000;

/** Less than this, ms, is no step: a clock that is slowed down, or a look that came late. */
export const CLOCK_BACK_MS = 2000;
