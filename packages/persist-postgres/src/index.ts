/**
 * The Postgres adapter of Persist.
 */
export {};
