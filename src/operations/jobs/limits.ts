/** Runs of a job that its history keeps: as many that went well, and as many that failed. */
export const RUNS_KEPT_MAX = 500;

/** Connections to PostgreSQL that all jobs share: one that listens for each, and a few that ask. */
export const JOB_CONNECTIONS_MAX = 10;

/**
 * A run that has not been heard of for so long, ms, has died with its process and is run again, once.
 * Longer than any part of a job that lets nothing else have a turn.
 */
export const RUN_SILENT_MS_MAX = 10 * 60 * 1000;
