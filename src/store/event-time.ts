/** Mixpanel's `time` in its several spellings -> `YYYY-MM-DD HH:MM:SS[.SSS]` in UTC. */

/**
 * Projects since January 2023 send true UTC. Older ones send the project's wall clock written as if it were UTC: the
 * zone's offset at that instant, daylight saving included, must be subtracted.
 */
export type TimezoneRule = { kind: "utc" } | { kind: "local"; zone: string };
