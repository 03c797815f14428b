/** Every budget of the product, named, with the reason. Times in milliseconds, sizes in bytes unless the name says otherwise. */

/** Any call answers within this: desktop clients give up at about 60 s and do not recover well. */
export const CALL_MS = 50_000;

// Replies. Tokens are o200k tokens, estimated from above (server/tokens.ts).
/** A reply nobody asked to be long. */
export const DEFAULT_REPLY_TOKENS = 2_500;
/** No reply is longer, whatever was asked: clients refuse results over 25,000 tokens. */
export const MAX_REPLY_TOKENS = 20_000;
/** Quoted text from Mixpanel inside an error. */
export const QUOTED_ERROR_CHARS = 300;

// SQL
export const SQL_TIMEOUT_MS = 30_000;
export const SQL_DEFAULT_ROWS = 100;
export const SQL_MAX_ROWS = 5_000;
export const SQL_MAX_CHARS = 40_000;
/** The largest value a query may touch: larger than any event Mixpanel takes, and a few still fit the child's memory. */
export const SQL_VALUE_BYTES = 5_000_000;
/** The largest row that is stored, so that no row makes every query over its table fail. */
export const STORED_ROW_BYTES = SQL_VALUE_BYTES - 100_000;
/** Resident memory at which the watchdog ends the SQL child. */
export const SQL_CHILD_BYTES = 256 * 1024 * 1024;

// Mixpanel quotas: the values used until a 429 header teaches others (mixpanel-api.md 3.1).
export const QUERY_PER_HOUR = 60;
export const QUERY_CONCURRENT = 5;
export const EXPORT_PER_HOUR = 60;
export const EXPORT_PER_SECOND = 3;
export const EXPORT_CONCURRENT = 100;
/** A quota wait up to this is slept; a longer one is refused at once with the time of the next slot. */
export const QUOTA_WAIT_MS = 20_000;

// Mixpanel requests
export const QUERY_TIMEOUT_MS = 45_000;
export const EXPORT_FIRST_BYTE_MS = 300_000;
/** No bytes for this long and the connection is given up. */
export const UPSTREAM_IDLE_MS = 60_000;
export const MAX_REPLY_BYTES = 64 * 1024 * 1024;
export const MAX_ERROR_BODY_BYTES = 64 * 1024;
export const ERROR_BODY_MS = 2_000;
export const MAX_ATTEMPTS = 4;

/** Discovery answers are kept this long within a session: discovery costs the same quota as queries. */
export const DISCOVERY_CACHE_MS = 5 * 60_000;

// Fetch
export const FETCH_WAIT_SECONDS = 45;
export const FETCH_MAX_WAIT_SECONDS = 50;
export const FETCH_WARN_DAYS = 31;
export const FETCH_WARN_EVENTS = 1_000_000;
export const PARALLEL_ABOVE_DAYS = 7;
export const MAX_WORKERS = 8;

// The wire
export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** After the end of input or a signal, each step of going away (answering, closing, draining) gets this long. */
export const SHUTDOWN_MS = 2_000;
export const HTTP_IDLE_SESSION_MS = 30 * 60_000;
/** Each session has a workspace of its own; more at once than this is not a person's machine. */
export const HTTP_MAX_SESSIONS = 200;
/** A whole request body arrives within this, however slowly its sender sends. */
export const HTTP_BODY_MS = 10_000;
/** Request bodies being read at once, all together. */
export const HTTP_BUFFER_BYTES = 1.5 * MAX_MESSAGE_BYTES;
