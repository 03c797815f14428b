/** How a person likes to read the demo's answers. Each function makes lines of at most `width` columns out of a tool's result. */
import { bar, type Cell, formatNumber, pad, percent, sparkline, table, widthOf, wrap } from "./draw.ts";
import type { Style } from "./terminal.ts";

export type Result = Record<string, unknown>;
export type Canvas = { style: Style; width: number };
type Row = (string | number | boolean | null)[];

export const listOf = (value: unknown): Result[] => (Array.isArray(value) ? value : []);
export const number = (value: unknown) => (typeof value === "number" ? value : 0);
const tableOf = (value: unknown): { columns: string[]; rows: Row[] } => {
  const { columns = [], rows = [] } = (value ?? {}) as { columns?: string[]; rows?: Row[] };
  return { columns, rows };
};

export function names(result: Result, { width, style }: Canvas): string[] {
  const events = Array.isArray(result["events"]) ? result["events"].map(String) : [];
  return [...wrap(events.join(", "), width), style.dim(`${String(result["total"])} events`)];
}

/** A series table as one line a segment: name, sparkline, total of what may be added. */
export function series(result: Result, { style }: Canvas): string[] {
  const { columns, rows } = tableOf(result["series"]);
  const totals = (result["totals"] ?? {}) as Record<string, number | null>;
  const lines = columns.slice(1).map((name, index) => {
    const values = rows.map((row) => number(row[index + 1]));
    return [name, sparkline(values), totals[name] ?? values.reduce((a, b) => a + b, 0)];
  });
  return table(["", `${rows[0]?.[0] ?? ""} to ${rows.at(-1)?.[0] ?? ""}`, "total"], lines, style);
}

/** The day that falls furthest below the same weekday before and after it, under its place in the sparkline. */
export function oddDay(result: Result, canvas: Canvas): string[] {
  const { columns, rows } = tableOf(result["series"]);
  let worst: { index: number; value: number; usual: number } | undefined;
  for (let index = 7; index < rows.length - 7; index++) {
    const value = number(rows[index]?.[1]);
    const usual = (number(rows[index - 7]?.[1]) + number(rows[index + 7]?.[1])) / 2;
    if (usual > 0 && (!worst || value / usual < worst.value / worst.usual)) worst = { index, value, usual };
  }
  const drawn = series(result, canvas);
  if (!worst) return drawn;
  const day = String(rows[worst.index]?.[0]);
  const at = widthOf(columns[1] ?? "") + 2 + worst.index;
  const found = `${day}: ${worst.value}, where that weekday usually has ${formatNumber(Math.round(worst.usual))}`;
  const left = Math.max(0, Math.min(at, canvas.width - widthOf(found) - 2));
  return [...drawn, canvas.style.warn(`${" ".repeat(at)}▲`), canvas.style.warn(" ".repeat(left) + found)];
}

export function funnels(result: Result, { style }: Canvas): string[] {
  const rows = listOf(result["funnels"]).map((row): Cell[] => [
    String(row["funnel_id"]),
    String(row["name"]),
    number(row["steps"]),
  ]);
  return table(["id", "name", "steps"], rows, style);
}

/** A bar a step; on the right, users, share of the first step, and share of the step before. */
export function funnel(result: Result, { style, width }: Canvas): string[] {
  const steps = listOf(result["steps"]);
  const name = Math.max(...steps.map((step) => widthOf(String(step["event"]))));
  const room = Math.min(40, width - name - 40);
  const lines = steps.map((step, index) => {
    const overall = number(step["overall_conversion_rate"]);
    const before =
      index === 0 ? "" : style.dim(`  ${percent(number(step["step_conversion_rate"]))} of the step before`);
    const drawn = style.accent(bar(overall, room)) + " ".repeat(room - widthOf(bar(overall, room)));
    const count = formatNumber(number(step["count"])).padStart(6);
    return `${pad(String(step["event"]), name)} ${drawn} ${count} ${percent(overall, 0).padStart(4)}${before}`;
  });
  return [...lines, `${percent(number(result["conversion_rate"]))} of those who enter reach the end`];
}

const DAY_MS = 86_400_000;

/** A line a cohort, a cell a week: the share that came back, on a background as strong. Weeks not over yet are dim. */
export function heatMap(result: Result, { style }: Canvas): string[] {
  const { columns, rows } = tableOf(result["cohorts"]);
  const intervals = columns.slice(2);
  const running = (row: Row, index: number) =>
    new Date(String(row[0])).getTime() + (index + 2) * 7 * DAY_MS > Date.now();
  const cell = (row: Row, index: number) => {
    const share = row[index + 2];
    if (typeof share !== "number") return "      ";
    const open = running(row, index);
    const text = ` ${percent(share, 0).padStart(4)}${open ? "+" : " "}`;
    return open ? style.dim(text) : style.heat(text, share);
  };
  const head = `week of       users ${intervals.map((name) => `wk ${name} `.padStart(6)).join("")}`.trimEnd();
  const lines = rows.map((row) =>
    `${String(row[0])}  ${formatNumber(number(row[1])).padStart(7)} ${intervals.map((_, index) => cell(row, index)).join("")}`.trimEnd(),
  );
  const legend = style.dim("+ a week that is not over yet");
  return [
    style.dim(head),
    ...lines,
    legend,
    ...bestCohort(rows, result["average_finished"] ?? result["average"], style),
  ];
}

const COMPARED_WEEK = 2;

function bestCohort(rows: Row[], average: unknown, style: Style): string[] {
  const share = (row: Row) => number(row[COMPARED_WEEK + 2]);
  const best = [...rows].sort((a, b) => share(b) - share(a))[0];
  const usual = Array.isArray(average) ? number(average[COMPARED_WEEK]) : 0;
  if (!best || usual === 0) return [];
  const found = `The week of ${String(best[0])} stays: ${percent(share(best), 0)} are there in week ${COMPARED_WEEK}, of all ${percent(usual, 0)}.`;
  return [style.warn(found)];
}

export function sqlRows(result: Result, { style }: Canvas): string[] {
  const columns = listOf(result["columns"]).map((column) => String(column["name"]));
  const rows = (result["rows"] ?? []) as Row[];
  return [
    ...table(columns, rows, style),
    style.dim(`${rows.length} rows, ${number(result["elapsed_ms"]).toFixed(1)} ms in SQLite`),
  ];
}

export function fetched(result: Result): string[] {
  const { rows, duplicates, table: name, seconds } = result;
  return [
    `${formatNumber(number(rows))} events in table "${String(name)}" after ${number(seconds).toFixed(1)} s; ${formatNumber(number(duplicates))} duplicates dropped`,
  ];
}

export function quotaLeft(result: Result, { style }: Canvas): string[] {
  const pool = (value: unknown) => (value ?? {}) as { used?: number; limit?: number; export?: unknown };
  const queries = pool(result["quota"]);
  const row = (name: string, { used = 0, limit = 0 }: { used?: number; limit?: number }): Cell[] => [
    name,
    limit > 0 ? pad(bar(used / limit, 20), 20) : "",
    used,
    limit - used,
  ];
  return [
    ...table(["this hour", "", "used", "left"], [row("queries", queries), row("exports", pool(queries.export))], style),
    `${(number(result["size_bytes"]) / 1e6).toFixed(0)} MB of events on disk, removed at the end of this demo`,
  ];
}
