/** The questions of the demo, each with the call that answers it and how a person likes to read the answer. */
import { bar, formatNumber, percent, type Style, sparkline, table } from "./terminal.ts";

type Result = Record<string, unknown>;
type Results = ReadonlyMap<string, Result>;
type Row = (string | number | boolean | null)[];
type Table = { columns: string[]; rows: Row[] };

export type Step =
  | {
      kind: "tool";
      question: string;
      name: string;
      args(results: Results): Result;
      show(result: Result, style: Style, results: Results): string[];
    }
  | { kind: "prompt"; question: string; name: string; args: Record<string, string> };

const tableOf = (value: unknown): Table => {
  const { columns = [], rows = [] } = (value ?? {}) as Partial<Table>;
  return { columns, rows };
};
const listOf = (value: unknown): Result[] => (Array.isArray(value) ? value : []);
const number = (value: unknown) => (typeof value === "number" ? value : 0);

/** A series table as one line a segment: name, sparkline, total of what may be added. */
function series(result: Result, style: Style): string[] {
  const { columns, rows } = tableOf(result["series"]);
  const totals = (result["totals"] ?? {}) as Record<string, number | null>;
  const lines = columns.slice(1).map((name, index) => {
    const values = rows.map((row) => number(row[index + 1]));
    return [name, sparkline(values), totals[name] ?? values.reduce((a, b) => a + b, 0)];
  });
  return table(["", `${rows[0]?.[0] ?? ""} to ${rows.at(-1)?.[0] ?? ""}`, "total"], lines, style);
}

function sqlRows(result: Result, style: Style): string[] {
  const columns = listOf(result["columns"]).map((column) => String(column["name"]));
  const rows = (result["rows"] ?? []) as Row[];
  return [
    ...table(columns, rows, style),
    style.dim(`${rows.length} rows, ${String(result["elapsed_ms"])} ms in SQLite`),
  ];
}

/** The day that falls furthest below the same weekday before and after it. */
function lowestDay(result: Result): string[] {
  const { rows } = tableOf(result["series"]);
  let worst: { day: string; value: number; usual: number } | undefined;
  for (let index = 7; index < rows.length - 7; index++) {
    const value = number(rows[index]?.[1]);
    const usual = (number(rows[index - 7]?.[1]) + number(rows[index + 7]?.[1])) / 2;
    if (usual > 0 && (!worst || value / usual < worst.value / worst.usual))
      worst = { day: String(rows[index]?.[0]), value, usual };
  }
  if (!worst) return [];
  return [
    `The day to look at: ${worst.day} with ${worst.value}, where the same weekday a week before and after has ${formatNumber(worst.usual)}.`,
  ];
}

function funnel(result: Result): string[] {
  const steps = listOf(result["steps"]);
  const width = Math.max(...steps.map((step) => String(step["event"]).length));
  return [
    ...steps.map(
      (step) =>
        `${String(step["event"]).padEnd(width)} ${bar(number(step["overall_conversion_rate"]), 30).padEnd(31)}${formatNumber(number(step["count"])).padStart(7)}  ${percent(number(step["overall_conversion_rate"]))}`,
    ),
    `conversion ${percent(number(result["conversion_rate"]))}`,
  ];
}

const firstFunnel = (results: Results) => number(listOf(results.get("list_funnels")?.["funnels"])[0]?.["funnel_id"]);

const sql = (question: string, query: string): Step => ({
  kind: "tool",
  question,
  name: "sql",
  args: () => ({ query }),
  show: sqlRows,
});

export function demoSteps(): Step[] {
  return [
    {
      kind: "tool",
      question: "What is tracked?",
      name: "list_events",
      args: () => ({}),
      show: (result) => [(result["events"] as string[]).join(", "), `${String(result["total"])} events`],
    },
    {
      kind: "tool",
      question: "What happened last month, by plan?",
      name: "segmentation",
      args: () => ({ event: "Order Placed", from_date: "30 days ago", to_date: "yesterday", on: "plan" }),
      show: series,
    },
    {
      kind: "tool",
      question: "Orders looked odd one day. Which one?",
      name: "segmentation",
      args: () => ({ event: "Order Placed", from_date: "60 days ago", to_date: "yesterday" }),
      show: (result, style) => [...series(result, style), ...lowestDay(result)],
    },
    {
      kind: "tool",
      question: "Which funnels are saved?",
      name: "list_funnels",
      args: () => ({}),
      show: (result, style) =>
        table(
          ["id", "name", "steps"],
          listOf(result["funnels"]).map((row) => [String(row["funnel_id"]), String(row["name"]), number(row["steps"])]),
          style,
        ),
    },
    {
      kind: "tool",
      question: "How does the first one convert?",
      name: "funnel",
      args: (results) => ({ funnel_id: firstFunnel(results), from_date: "30 days ago", to_date: "yesterday" }),
      show: funnel,
    },
    {
      kind: "tool",
      question: "Fetch the last 30 days, so that SQL can answer the rest at no cost.",
      name: "fetch_events",
      args: () => ({ from_date: "30 days ago", to_date: "yesterday" }),
      show: (result) => [
        `${formatNumber(number(result["rows"]))} events in table "${String(result["table"])}", ${formatNumber(number(result["duplicates"]))} duplicates dropped, ${String(result["seconds"])} s`,
      ],
    },
    sql(
      "Who are the best customers?",
      "SELECT distinct_id, count(*) AS orders, round(sum(properties->>'$.amount'), 2) AS revenue FROM events WHERE event_name = 'Order Placed' GROUP BY 1 ORDER BY revenue DESC LIMIT 5",
    ),
    sql(
      "What does an order bring, by plan and device?",
      "SELECT properties->>'$.plan' AS plan, properties->>'$.$device' AS device, count(*) AS orders, round(median(properties->>'$.amount'), 2) AS median_amount FROM events WHERE event_name = 'Order Placed' GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    sql(
      "Orders a day with the seven-day mean, around the odd day?",
      "WITH daily AS (SELECT date(event_time) AS day, count(*) AS orders FROM events WHERE event_name = 'Order Placed' GROUP BY 1) SELECT day, orders, round(avg(orders) OVER (ORDER BY day ROWS 6 PRECEDING), 1) AS mean_7d FROM daily ORDER BY day LIMIT 12",
    ),
    {
      kind: "prompt",
      question: "How should an assistant go about retention here?",
      name: "retention_analysis",
      args: { event: "Sign Up" },
    },
    {
      kind: "tool",
      question: "What is left of the query quota?",
      name: "workspace_info",
      args: () => ({}),
      show: (result) => [
        `quota: ${JSON.stringify(result["quota"])}`,
        `data: ${formatNumber(number(result["size_bytes"]) / 1e6)} MB on disk, removed with this demo`,
      ],
    },
  ];
}
