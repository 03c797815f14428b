/**
 * Habits from DuckDB, Postgres, BigQuery, Snowflake and MySQL, and how SQLite spells the same: functions and tables SQLite does
 * not have. Syntax it does not have is in sql-patterns.ts.
 */

const DAY = "date(event_time)";

const TRUNC =
  "SQLite: strftime('%Y-%m-01', event_time) for the month, date(event_time, 'weekday 0', '-6 days') for the week (Monday), date(event_time) for the day, strftime('%Y-%m-%d %H:00', event_time) for the hour.";
export const CAST =
  "SQLite: CAST(x AS INTEGER), CAST(x AS REAL) or CAST(x AS TEXT); a text that is no number gives 0, so filter with typeof(x).";
const DIFF = "SQLite: days are julianday(b) - julianday(a), seconds are unixepoch(b) - unixepoch(a).";
export const ADD = "SQLite: date(x, '+7 days') or datetime(x, '-1 hour', '+1 month').";
export const PART =
  "SQLite: CAST(strftime('%Y', event_time) AS INTEGER); %m month, %d day, %H hour, %M minute, %w weekday (0 = Sunday), %j day of the year.";
const FORMAT = "SQLite: strftime('%Y-%m', event_time).";
const NOW = "SQLite: datetime('now') or date('now'), in UTC.";
export const EACH = "SQLite: FROM events, json_each(events.properties, '$.items') AS item, then item.value.";
const LIST = "SQLite: json_group_array(x), or group_concat(x, ', ') for text.";
const SERIES =
  "SQLite: WITH RECURSIVE days(day) AS (SELECT date('2026-01-01') UNION ALL SELECT date(day, '+1 day') FROM days WHERE day < '2026-01-31') SELECT day FROM days.";
export const JSON_GET = "SQLite: properties->>'$.plan', or properties->>'$.\"key with spaces\"'.";
const QUANTILE = "SQLite here: median(x), percentile(x, 95), percentile_cont(x, 0.95).";
const FILE = "Only fetched tables can be read: use fetch_events or fetch_profiles to get data in.";
const DISTINCT = "SQLite: count(DISTINCT x).";
const FIRST = "SQLite: with max(event_time) in the same SELECT, a bare column comes from the row that has the maximum.";
const CATALOGUE =
  "SQLite: SELECT name, sql FROM sqlite_schema, PRAGMA table_info(events), or the tools list_tables and table_schema.";
const SPLIT = "SQLite: substr(x, 1, instr(x, '/') - 1), or regexp_extract(x, '^([^/]*)', 1).";

export const FUNCTION_HINTS = new Map(
  Object.entries({
    date_trunc: TRUNC,
    datetime_trunc: TRUNC,
    timestamp_trunc: TRUNC,
    time_bucket: TRUNC,
    tostartofmonth: TRUNC,
    safe_cast: CAST,
    try_cast: CAST,
    to_number: CAST,
    int: CAST,
    integer: CAST,
    float: CAST,
    double: CAST,
    string: CAST,
    to_date: `SQLite: ${DAY} or date(x).`,
    parse_date: "SQLite: date(x); times are text, YYYY-MM-DD HH:MM:SS.",
    parse_timestamp: "SQLite: datetime(x); times are text, YYYY-MM-DD HH:MM:SS.",
    strptime: "SQLite: datetime(x); times are text, YYYY-MM-DD HH:MM:SS.",
    to_timestamp: "SQLite: datetime(x, 'unixepoch').",
    from_unixtime: "SQLite: datetime(x, 'unixepoch').",
    epoch: "SQLite: unixepoch(event_time).",
    unix_timestamp: "SQLite: unixepoch(event_time).",
    datediff: DIFF,
    date_diff: DIFF,
    timestamp_diff: DIFF,
    timestampdiff: DIFF,
    age: DIFF,
    dateadd: ADD,
    date_add: ADD,
    date_sub: ADD,
    timestamp_add: ADD,
    timestamp_sub: ADD,
    date_part: PART,
    datepart: PART,
    extract: PART,
    year: PART,
    month: PART,
    week: PART,
    day: PART,
    hour: PART,
    minute: PART,
    dayofweek: PART,
    dayofyear: PART,
    weekday: PART,
    isodow: PART,
    quarter: PART,
    dayname: PART,
    monthname: PART,
    to_char: FORMAT,
    date_format: FORMAT,
    format_date: FORMAT,
    format_timestamp: FORMAT,
    now: NOW,
    getdate: NOW,
    today: NOW,
    curdate: NOW,
    current_timestamp: NOW,
    unnest: EACH,
    explode: EACH,
    flatten: EACH,
    string_agg: "SQLite: group_concat(x, ', ').",
    listagg: "SQLite: group_concat(x, ', ').",
    array_agg: LIST,
    list: LIST,
    collect_list: LIST,
    array_length: "SQLite: json_array_length(properties, '$.items').",
    list_contains: "SQLite: EXISTS (SELECT 1 FROM json_each(properties, '$.items') WHERE value = 'x').",
    array_contains: "SQLite: EXISTS (SELECT 1 FROM json_each(properties, '$.items') WHERE value = 'x').",
    json_extract_string: JSON_GET,
    json_extract_scalar: JSON_GET,
    json_extract_path_text: JSON_GET,
    json_value: JSON_GET,
    json_query: "SQLite: properties->'$.items' gives JSON, ->> gives the value.",
    get_json_object: JSON_GET,
    parse_json: JSON_GET,
    jsonb_extract_path_text: JSON_GET,
    json_keys: "SQLite: SELECT DISTINCT key FROM events, json_each(properties), or the tool property_keys.",
    json_object_keys: "SQLite: SELECT DISTINCT key FROM events, json_each(properties), or the tool property_keys.",
    map_keys: "SQLite: SELECT DISTINCT key FROM events, json_each(properties), or the tool property_keys.",
    quantile: QUANTILE,
    quantile_cont: QUANTILE,
    quantile_disc: QUANTILE,
    approx_quantile: QUANTILE,
    approx_quantiles: QUANTILE,
    approx_percentile: QUANTILE,
    percentile_approx: QUANTILE,
    approx_count_distinct: DISTINCT,
    count_distinct: DISTINCT,
    uniq: DISTINCT,
    countif: "SQLite: count(*) FILTER (WHERE ...) or sum(condition).",
    count_if: "SQLite: count(*) FILTER (WHERE ...) or sum(condition).",
    sumif: "SQLite: sum(x) FILTER (WHERE ...).",
    arg_max: FIRST,
    arg_min: FIRST,
    argmax: FIRST,
    argmin: FIRST,
    max_by: FIRST,
    min_by: FIRST,
    any_value: "SQLite: max(x), or just name the column: SQLite takes it from any row of the group.",
    first: FIRST,
    last: FIRST,
    mode: "SQLite: SELECT x FROM t GROUP BY x ORDER BY count(*) DESC LIMIT 1.",
    bool_or: "SQLite: max(condition).",
    bool_and: "SQLite: min(condition).",
    isnull: "SQLite: x IS NULL, or ifnull(x, y).",
    nvl: "SQLite: ifnull(x, y) or coalesce(x, y, z).",
    if: "SQLite: iif(condition, x, y), or CASE WHEN condition THEN x ELSE y END.",
    decode: "SQLite: CASE x WHEN a THEN b ELSE c END.",
    greatest: "SQLite: max(x, y).",
    least: "SQLite: min(x, y).",
    safe_divide: "SQLite: 1.0 * x / nullif(y, 0).",
    div: "SQLite: x / y is whole-number division when both are integers.",
    len: "SQLite: length(x).",
    char_length: "SQLite: length(x).",
    left: "SQLite: substr(x, 1, n).",
    right: "SQLite: substr(x, -n).",
    split_part: SPLIT,
    split: SPLIT,
    string_split: SPLIT,
    position: "SQLite: instr(x, 'needle').",
    strpos: "SQLite: instr(x, 'needle').",
    charindex: "SQLite: instr(x, 'needle').",
    contains: "SQLite: instr(x, 'needle') > 0, or x LIKE '%needle%'.",
    starts_with: "SQLite: x LIKE 'start%'.",
    startswith: "SQLite: x LIKE 'start%'.",
    ends_with: "SQLite: x LIKE '%end'.",
    lpad: "SQLite: printf('%05d', n) for numbers, substr('00000' || x, -5) for text.",
    initcap: "SQLite: upper(substr(x, 1, 1)) || lower(substr(x, 2)).",
    regexp_contains: "SQLite here: x REGEXP 'pattern'.",
    regexp_matches: "SQLite here: x REGEXP 'pattern'.",
    regexp_instr: "SQLite here: regexp_extract(x, 'pattern').",
    rand: "SQLite: random() is a 64-bit integer; abs(random()) / 9223372036854775807.0 is between 0 and 1.",
    generate_series: SERIES,
    range: SERIES,
    md5: "SQLite has no hash functions: group by the value itself.",
    sha1: "SQLite has no hash functions: group by the value itself.",
    hash: "SQLite has no hash functions: group by the value itself.",
    corr: "SQLite: (avg(x * y) - avg(x) * avg(y)) / (stddev_pop(x) * stddev_pop(y)).",
  }),
);

/** For `no such table`; matched by prefix. */
export const TABLE_HINTS: [RegExp, string][] = [
  [/^(information_schema|pg_|duckdb_|sys\.|svv_|all_tables|user_tables)/i, CATALOGUE],
  [/^(generate_series|range)$/i, SERIES],
  [/^(unnest|explode|flatten|json_table|jsonb_array_elements|json_array_elements)/i, EACH],
  [/^(read_csv|read_parquet|read_json|s3:|https?:|file:|.*\.(csv|parquet|json|db|sqlite)$)/i, FILE],
  [/\.properties$/i, EACH],
  [/^dual$/i, "SQLite: leave FROM out."],
  [
    /^(mixpanel|raw|main\.)?_?events?_?data$|^export$/i,
    "Fetched events are in the table fetch_events was given, `events` by default.",
  ],
];
