/** Syntax of other dialects, recognised by a word and what stands around it, and how SQLite spells the same. */
import { ADD, CAST, EACH, JSON_GET, PART } from "./sql-dialect.ts";
import { keyword, type Token } from "./sql-tokens.ts";

export type DialectProblem = { message: string; hint: string };

type Around = {
  previous: Token | undefined;
  next: Token | undefined;
  after: string;
  calls: boolean;
  at(offset: number): Token | undefined;
};
type Pattern = { words: string[]; when: (around: Around) => boolean; hint: string; says?: string };

const always = () => true;
const calls = (around: Around) => around.calls;
const beforeValue = ({ next }: Around) => next?.kind === "string" || next?.kind === "number";

const PATTERNS: Pattern[] = [
  {
    words: ["QUALIFY"],
    when: always,
    hint: "Put the window function into a subquery: SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time) AS n FROM events) WHERE n = 1.",
  },
  {
    words: ["ILIKE"],
    when: always,
    hint: "SQLite's LIKE ignores case for ASCII letters already; for others use lower(x) LIKE '%é%'.",
  },
  { words: ["RLIKE", "SIMILAR"], when: always, hint: "Here: x REGEXP 'pattern', with JavaScript's syntax." },
  { words: ["SAFE_CAST", "TRY_CAST"], when: calls, hint: CAST },
  { words: ["EXTRACT"], when: ({ calls, at }) => calls && keyword(at(3)) === "FROM", hint: PART },
  { words: ["INTERVAL"], when: beforeValue, hint: ADD },
  {
    words: ["DATE", "TIMESTAMP", "DATETIME"],
    when: ({ next }) => next?.kind === "string",
    says: "has no typed literals",
    hint: "Times are text: event_time >= '2026-01-01' compares as it should.",
  },
  {
    words: ["PIVOT", "UNPIVOT"],
    when: always,
    hint: "Use one count(*) FILTER (WHERE ...) per column; UNION ALL, one SELECT per column, to unpivot.",
  },
  { words: ["TOP"], when: ({ previous }) => keyword(previous) === "SELECT", hint: "Write LIMIT 10 at the end." },
  { words: ["FETCH"], when: ({ after }) => after === "FIRST" || after === "NEXT", hint: "Write LIMIT 10 at the end." },
  {
    words: ["EXCLUDE", "EXCEPT", "REPLACE"],
    when: ({ previous, calls }) => previous?.text === "*" && calls,
    says: "has no SELECT * EXCEPT",
    hint: "Name the columns you want.",
  },
  {
    words: ["DISTINCT"],
    when: ({ after, at }) => after === "ON" && at(2)?.text === "(",
    says: "has no DISTINCT ON",
    hint: "Use row_number() OVER (PARTITION BY ... ORDER BY ...) AS n in a subquery and n = 1 outside.",
  },
  { words: ["LATERAL"], when: always, hint: EACH },
  { words: ["UNNEST", "FLATTEN"], when: calls, hint: EACH },
  {
    words: ["ARRAY", "STRUCT"],
    when: ({ next, calls }) => calls || next?.text.startsWith("[") === true,
    hint: "SQLite: json_array(1, 2), json_object('k', v), json_group_array(x).",
  },
  { words: ["ROLLUP", "CUBE"], when: calls, hint: "Use UNION ALL, one SELECT per level." },
  { words: ["GROUPING"], when: ({ after }) => after === "SETS", hint: "Use UNION ALL, one SELECT per level." },
  {
    words: ["ALL"],
    when: ({ previous }) => keyword(previous) === "BY",
    says: "has no GROUP BY ALL",
    hint: "Name the columns, or use their numbers: GROUP BY 1, 2.",
  },
  { words: ["TABLESAMPLE", "SAMPLE"], when: always, hint: "Use the tool sample, or WHERE random() % 100 = 0." },
  { words: ["INTO"], when: always, hint: "Use create_table(table, query) to keep a result." },
  {
    words: ["AT"],
    when: ({ after, at }) => after === "TIME" && keyword(at(2)) === "ZONE",
    says: "has no AT TIME ZONE",
    hint: "event_time is UTC: shift it with datetime(event_time, '-7 hours').",
  },
  { words: ["WITHIN"], when: ({ after }) => after === "GROUP", hint: "Here: percentile_cont(x, 0.5), or median(x)." },
];

function aroundOf(tokens: Token[], index: number): Around {
  const next = tokens[index + 1];
  return {
    previous: tokens[index - 1],
    next,
    after: keyword(next),
    calls: next?.text === "(",
    at: (offset) => tokens[index + offset],
  };
}

/** Typographic quotes and spaces are letters to SQLite; pasted text is full of them. */
export function oddCharacter(tokens: Token[]): string | undefined {
  for (const { kind, text, start } of tokens) {
    const at = kind === "name" ? text.search(/[\u2018\u2019\u201c\u201d\u00ab\u00bb\u0060]/) : -1;
    if (at >= 0)
      return `Position ${start + at + 1} has a typographic quote: texts take straight single quotes, 'like this'.`;
    const space = kind === "name" ? text.search(/[\u00a0\u2000-\u200b\u202f\u3000\ufeff]/) : -1;
    if (space >= 0)
      return `Position ${start + space + 1} has a space that SQLite does not know (no-break or the like): use plain spaces.`;
  }
  return undefined;
}

/** For a query SQLite refused: the first habit of another dialect in it. */
export function dialectProblem(tokens: Token[]): DialectProblem | undefined {
  for (const [index, token] of tokens.entries()) {
    if (token.text === "::") return { message: "`::` is not SQLite.", hint: CAST };
    const around = aroundOf(tokens, index);
    const word = around.previous?.text === "." ? "" : keyword(token);
    const found = PATTERNS.find((pattern) => pattern.words.includes(word) && pattern.when(around));
    if (found !== undefined) return { message: `SQLite ${found.says ?? `has no ${word}`}.`, hint: found.hint };
  }
  return undefined;
}

/** For any query, before it runs: what SQLite would accept and read as something else than is meant. */
export function misreading(tokens: Token[]): DialectProblem | undefined {
  for (const [index, token] of tokens.entries()) {
    const { previous, after } = aroundOf(tokens, index);
    const touches = previous?.end === token.start;
    const shown = token.text.slice(0, 40);
    if (token.kind === "variable" || token.text === "$") return parameter(shown, previous, touches);
    // `properties['plan']` would be the whole object under the name 'plan': to SQLite, [ ] quote a name.
    if (
      token.text.startsWith("[") &&
      touches &&
      (previous.kind === "name" || previous.kind === "quoted" || previous.text === ")")
    )
      return { message: `${previous.text.slice(0, 40)}${shown} is not SQLite.`, hint: JSON_GET };
    // It would be an alias of the table before it.
    if (keyword(token) === "ASOF" && after === "JOIN")
      return { message: "SQLite has no ASOF JOIN.", hint: "Use a correlated subquery with max(event_time)." };
  }
  return undefined;
}

function parameter(shown: string, previous: Token | undefined, touches: boolean): DialectProblem {
  if (shown.startsWith(":") && touches)
    return { message: `${previous?.text.slice(0, 40)}${shown} is not SQLite.`, hint: JSON_GET };
  if (shown.startsWith("$"))
    return {
      message: `${shown} needs quotes.`,
      hint: `A property is read so: properties->>'$."${shown}"', properties->>'$.plan'.`,
    };
  return { message: `The parameter ${shown} has no value.`, hint: "Write the value itself into the query." };
}
