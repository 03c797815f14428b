import { z } from "zod";
import { Fault } from "../fault.ts";
import { SQL_MAX_CHARS } from "../limits.ts";
import { isClipped } from "../store/sql-values.ts";
import { cell } from "./params.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const sqlScalar = defineTool({
  name: "sql_scalar",
  title: "Query one value with SQL",
  description:
    "Runs one SQLite SELECT that gives one number or text (exactly one row and one column). For more use sql.",
  toolset: "local",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ query: z.string().min(1) }),
  output: () => z.object({ value: cell() }),
  async handler(workspace, { query }, { signal }) {
    // Two rows are enough to know that there is more than one.
    const { columns, rows, truncated } = await workspace.store
      .sandbox()
      .query(query, { rows: 2, chars: SQL_MAX_CHARS }, signal);
    if (columns.length !== 1) throw notScalar(`${columns.length} columns`);
    if (rows.length !== 1) throw notScalar(rows.length === 0 ? "no row" : truncated ? "more than 2 rows" : "2 rows");
    return { value: rows[0]?.[0] ?? null };
  },
  summary: ({ value }) => {
    if (typeof value === "number") return `The value is ${value}.`;
    return isClipped(value) ? "One value, clipped: select a part with substr." : "One value.";
  },
});

function notScalar(got: string): Fault {
  return new Fault("INVALID_ARGUMENT", `sql_scalar wants one row and one column; the query gives ${got}.`, {
    suggestions: [
      "Use sql for tables, or aggregate: SELECT count(*) FROM events.",
      "For a row that may be missing: SELECT (SELECT ... LIMIT 1).",
    ],
  });
}
