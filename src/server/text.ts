/** A result value as compact text: `key: value` lines, and tables of tab-separated lines without decoration. */
import { visible } from "../visible.ts";

type Row = Record<string, unknown>;

const isObject = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const isScalar = (value: unknown) => typeof value !== "object" || value === null;

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return visible(value);
  return visible(isScalar(value) ? String(value) : JSON.stringify(value));
}

/** Complete: every key of `result` appears, nested values as JSON. */
export function renderText(result: Row): string {
  const { columns, rows, ...others } = result;
  if (isTypedColumns(columns) && Array.isArray(rows) && rows.every(Array.isArray))
    return [...renderSqlRows(columns, rows), ...(Object.keys(others).length > 0 ? [renderText(others)] : [])].join(
      "\n",
    );
  return Object.entries(result)
    .flatMap(([key, value]) => renderEntry(visible(key), value))
    .join("\n");
}

const isTypedColumns = (columns: unknown): columns is { name: string; type: string }[] =>
  Array.isArray(columns) && columns.every((column) => isObject(column) && typeof column["type"] === "string");

/** A result of SQL: names with their types, and NULL told apart from an empty text. */
function renderSqlRows(columns: { name: string; type: string }[], rows: unknown[][]): string[] {
  const header = columns.map(({ name, type }) => `${visible(name)}:${visible(type)}`).join("\t");
  return [header, ...rows.map((row) => row.map((value) => (value === null ? "NULL" : cell(value))).join("\t"))];
}

function renderEntry(key: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (value === null) return [`${key}: null`];
  if (isScalar(value)) return [`${key}: ${cell(value)}`];
  if (Array.isArray(value)) return renderList(key, value);
  if (
    isObject(value) &&
    Array.isArray(value["columns"]) &&
    Array.isArray(value["rows"]) &&
    Object.keys(value).length === 2
  ) {
    return renderTable(key, value["columns"].map(cell), value["rows"]);
  }
  if (isObject(value)) return renderObject(key, value);
  return [`${key}: ${cell(value)}`];
}

function renderTable(key: string, columns: string[], rows: unknown[]): string[] {
  const line = (row: unknown) => (Array.isArray(row) ? row.map(cell).join("\t") : cell(row));
  return [`${key} (${rows.length} rows):`, columns.join("\t"), ...rows.map(line)];
}

function renderList(key: string, list: unknown[]): string[] {
  if (list.length === 0) return [`${key}: none`];
  if (list.every(isObject)) {
    const columns = [...new Set(list.flatMap((row) => Object.keys(row)))];
    const rows = list.map((row) => columns.map((column) => (Object.hasOwn(row, column) ? row[column] : null)));
    return renderTable(key, columns.map(visible), rows);
  }
  if (list.every((item) => typeof item === "string")) return [`${key} (${list.length}):`, ...list.map(cell)];
  return [`${key}: ${visible(JSON.stringify(list))}`];
}

/** Objects of scalars become one line; deeper ones a line a key. */
function renderObject(key: string, value: Row): string[] {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (entries.length === 0) return [`${key}: none`];
  if (entries.every(([, inner]) => isScalar(inner))) {
    return [
      `${key}: ${entries.map(([name, inner]) => `${visible(name)}=${inner === null ? "null" : cell(inner)}`).join(", ")}`,
    ];
  }
  return entries.flatMap(([name, inner]) => renderEntry(`${key}.${visible(name)}`, inner));
}
