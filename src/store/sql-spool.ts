/** Rows of a query on their way into a file: CSV and JSON lines for people, `rows` for the writer, which makes a table of them. */
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { Fault } from "../fault.ts";
import { type Column, type SqlValue, toCell } from "./sql-values.ts";

export type SpoolFormat = "csv" | "jsonl" | "rows";

/** Written at once: large enough for the disk, small beside the child's memory limit. */
const BUFFER_CHARS = 256 * 1024;

export type SpoolFile = {
  write(row: SqlValue[]): void;
  readonly rows: number;
  readonly bytes: number;
  /** CSV only: texts that a spreadsheet would run as a formula. */
  readonly formulas: number;
  /** Flushes and closes. */
  finish(): void;
  /** Closes and removes the file. */
  discard(): void;
};

/** Creates `path`, which must not exist. */
export function openSpool(path: string, format: SpoolFormat, columns: Column[]): SpoolFile {
  const file = writing(() => openSync(path, "wx", 0o600));
  const render = { csv: csvLine, jsonl: jsonLine(columns), rows: encodeRow }[format];
  let pending = format === "csv" ? `${columns.map(({ name }) => csvField(name)).join(",")}\r\n` : "";
  let rows = 0;
  let bytes = 0;
  let formulas = 0;
  const flush = () => {
    const data = Buffer.from(pending);
    for (let done = 0; done < data.length; ) done += writing(() => writeSync(file, data, done));
    bytes += data.length;
    pending = "";
  };
  return {
    write(row) {
      pending += render(row);
      rows += 1;
      if (format === "csv") for (const value of row) if (isFormula(value)) formulas += 1;
      if (pending.length > BUFFER_CHARS) flush();
    },
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    get formulas() {
      return formulas;
    },
    finish() {
      flush();
      closeSync(file);
    },
    discard() {
      closeSync(file);
      unlinkSync(path);
    },
  };
}

/** The file system's refusals as Faults, without the path. */
function writing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new Fault("STORE_FULL", "The disk is full.", {
        suggestions: ["Free some space, or select fewer columns or rows."],
        cause,
      });
    throw new Fault("STORE_FULL", `The data folder cannot be written (${code}).`, {
      suggestions: ["Check the permissions of the data folder; the doctor command does."],
      cause,
    });
  }
}

function csvLine(row: SqlValue[]): string {
  return `${row.map((value) => csvField(toCell(value))).join(",")}\r\n`;
}

function isFormula(value: SqlValue): boolean {
  return typeof value === "string" && /^[=+@\t\r-]/.test(value) && !/^[+-]?[\d.]+$/.test(value);
}

/** RFC 4180: NULL is nothing, an empty text is `""`, so that the two can be told apart. */
function csvField(cell: unknown): string {
  if (cell === null) return "";
  const text = String(cell);
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function jsonLine(columns: Column[]): (row: SqlValue[]) => string {
  const names = columns.map(({ name }) => JSON.stringify(name));
  return (row) => `{${row.map((value, index) => `${names[index]}:${JSON.stringify(toCell(value))}`).join(",")}}\n`;
}

/**
 * One row of the `rows` format: a JSON array whose text and NULL are themselves, and everything else says what it is, so that
 * the new table holds exactly the values of the query: `{"i":"12"}`, `{"r":"1.5"}`, `{"b":"base64"}`.
 */
export function encodeRow(row: SqlValue[]): string {
  return `${JSON.stringify(row.map(encodeValue))}\n`;
}

function encodeValue(value: SqlValue): unknown {
  if (value === null) return null;
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "bigint") return { i: value.toString() };
  if (typeof value === "number") return { r: String(value) };
  return { b: Buffer.from(value).toString("base64") };
}

/** The inverse of `encodeRow`, for the writer. Integers come back as bigint. */
export function decodeRow(line: string): SqlValue[] {
  const cells = JSON.parse(line) as (null | string | { i?: string; r?: string; b?: string })[];
  return cells.map((cell) => {
    if (cell === null || typeof cell === "string") return cell;
    if (cell.i !== undefined) return BigInt(cell.i);
    return cell.r === undefined ? Uint8Array.from(Buffer.from(cell.b ?? "", "base64")) : Number(cell.r);
  });
}
