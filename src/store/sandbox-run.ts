/** Runs one checked query inside the SQL child: rows until a limit is reached, or all of them into a file. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Fault } from "../fault.ts";
import { restoreNames } from "./sandbox-copies.ts";
import type { Gate } from "./sandbox-gate.ts";
import { cautions } from "./sql-cautions.ts";
import { explainError, notOneSelect, type Surroundings } from "./sql-errors.ts";
import { openSpool, type SpoolFormat } from "./sql-spool.ts";
import { readStatement, type Statement } from "./sql-statement.ts";
import {
  type Cell,
  type Column,
  cellChars,
  clip,
  observeType,
  type SqlValue,
  toCell,
  valueChars,
} from "./sql-values.ts";

export type QueryRequest = {
  sql: string;
  /** The same query in the form that is run (rewrite.ts); messages and column names come from `sql`. */
  run?: string;
  rows: number;
  chars: number;
};

export type QueryReply = {
  columns: Column[];
  rows: Cell[][];
  truncated: boolean;
  elapsed_ms: number;
  clipped: boolean;
  /** What the query may not mean: sentences. */
  cautions: string[];
};

export type SpoolRequest = { sql: string; path: string; format: SpoolFormat; mostBytes: number };
/** `affinity` is the declared type under which a new table keeps every value as it is: a type only where all values have it. */
export type SpooledColumn = Column & { affinity: "INTEGER" | "REAL" | "TEXT" | "BLOB" | "" };
export type SpoolReply = { columns: SpooledColumn[]; rows: number; bytes: number; formulas: number };

/** A cell longer than this is clipped: a quarter of what a whole reply may hold. */
const CELL_SHARE = 4;
/** What a reply says around its rows, and the type behind each name. */
const FRAME_CHARS = 300;
const TYPE_CHARS = 9;
const NAME_CHARS = 200;

export function runQuery(gate: Gate, request: QueryRequest): QueryReply {
  const started = performance.now();
  return guarded(gate, request.sql, (statement) => {
    // One row more than is kept, so that `truncated` is exact.
    const { query, firstRows } = prepare(gate, statement, request.rows + 1);
    const names = columnNames(query);
    const result = collect(rewritten(gate, request, names.length) ?? firstRows, names, request);
    const integers = result.columns.some(({ type }) => type === "INTEGER");
    return {
      ...result,
      cautions: cautions(statement.tokens, integers),
      elapsed_ms: Math.round((performance.now() - started) * 100) / 100,
    };
  });
}

export function spoolQuery(gate: Gate, request: SpoolRequest, progress: (rows: number) => void): SpoolReply {
  return guarded(gate, request.sql, (statement) => {
    const { query } = prepare(gate, statement);
    const names = columnNames(query);
    const file = openSpool(request.path, request.format, names);
    const seen: (string | undefined)[] = [];
    const exact: (string | undefined)[] = [];
    let told = Date.now();
    try {
      for (const row of iterate(query)) {
        for (const [index, value] of row.entries()) {
          seen[index] = observeType(seen[index], value);
          exact[index] = observeType(exact[index], value, "ANY");
        }
        file.write(row);
        if (file.bytes > request.mostBytes) throw tooMuch(request.mostBytes);
        if (file.rows % 1_000 === 0 && Date.now() - told > 250) {
          told = Date.now();
          progress(file.rows);
        }
      }
    } catch (error) {
      file.discard();
      throw error;
    }
    file.finish();
    const columns = withTypes(names, seen).map((column, index) => ({ ...column, affinity: affinityOf(exact[index]) }));
    return { columns, rows: file.rows, bytes: file.bytes, formulas: file.formulas };
  });
}

function affinityOf(type: string | undefined): SpooledColumn["affinity"] {
  return type === "INTEGER" || type === "REAL" || type === "TEXT" || type === "BLOB" ? type : "";
}

function tooMuch(bytes: number): Fault {
  return new Fault("LIMIT_EXCEEDED", `The result is larger than ${Math.round(bytes / 1024 / 1024)} MB.`, {
    suggestions: ["Select fewer columns or a shorter range of time."],
  });
}

function guarded<Result>(gate: Gate, sql: string, work: (statement: Statement) => Result): Result {
  const statement = readStatement(sql);
  try {
    return work(statement);
  } catch (error) {
    throw explainError(error, statement, surroundings(gate, statement));
  }
}

function prepare(gate: Gate, statement: Statement, most?: number): { query: StatementSync; firstRows: StatementSync } {
  const prepared = gate.prepare(statement, most);
  if (prepared === null) throw notOneSelect();
  return prepared;
}

/** The faster form, if it passes the same gate and has the same number of columns; otherwise what was asked is run. */
function rewritten(gate: Gate, request: QueryRequest, columns: number): StatementSync | undefined {
  if (request.run === undefined || request.run === request.sql) return undefined;
  try {
    const prepared = gate.prepare(readStatement(request.run), request.rows + 1);
    return prepared?.query.columns().length === columns ? prepared.firstRows : undefined;
  } catch {
    return undefined;
  }
}

function columnNames(statement: StatementSync): Column[] {
  return statement.columns().map(({ name, type }) => ({ name: restoreNames(name).toWellFormed(), type: type ?? "" }));
}

function iterate(statement: StatementSync): Iterable<SqlValue[]> {
  return statement.iterate() as unknown as Iterable<SqlValue[]>;
}

/**
 * Stops at the first row too many, or beyond the budget of characters. What fits whole is whole; where it does not, long
 * cells are clipped so that more rows are seen.
 */
function collect(statement: StatementSync, names: Column[], { rows: most, chars }: QueryRequest) {
  const nameChars = Math.min(NAME_CHARS, Math.max(16, Math.floor(chars / 2 / names.length)));
  const columns = names.map(({ name, type }) => ({ name: clip(name, nameChars, "characters"), type }));
  const room = chars - FRAME_CHARS - columns.reduce((sum, { name }) => sum + name.length + TYPE_CHARS, 0);
  const cellLimit = Math.floor(chars / Math.max(CELL_SHARE, names.length));
  const seen: (string | undefined)[] = [];
  const shown: Cell[][] = [];
  let whole: Cell[][] | undefined = [];
  let left = room;
  let wholeLeft = room;
  let clipped = false;
  const answer = (truncated: boolean) => ({
    columns: withTypes(columns, seen),
    rows: whole ?? shown,
    truncated,
    clipped: whole === undefined && clipped,
  });
  for (const row of iterate(statement)) {
    if (shown.length >= most) return answer(true);
    const cells = row.map((value) => toCell(value, cellLimit));
    wholeLeft -= row.reduce((sum: number, value) => sum + valueChars(value) + 1, 0);
    if (wholeLeft < 0) whole = undefined;
    left -= cells.reduce((sum: number, cell) => sum + cellChars(cell) + 1, 0);
    if (left < 0 && shown.length > 0) return answer(true);
    for (const [index, value] of row.entries()) {
      seen[index] = observeType(seen[index], value);
      if ((typeof value === "string" || value instanceof Uint8Array) && value.length > cellLimit) clipped = true;
    }
    shown.push(cells);
    whole?.push(row.map((value) => toCell(value)));
  }
  return answer(false);
}

/** The declared type of a stored column; for an expression, what its values were. */
function withTypes(columns: Column[], seen: (string | undefined)[]): Column[] {
  return columns.map(({ name, type }, index) => ({ name, type: type === "" ? (seen[index] ?? "NULL") : type }));
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Rows looked at for the property names of an error message. */
const ROWS_FOR_NAMES = 200;

function surroundings(gate: Gate, statement: Statement): Surroundings {
  const names = (sql: string, ...values: (string | number)[]) =>
    gate.trusted<[string]>(sql, ...values).map(([name]) => name);
  return {
    tables: () => gate.tables(),
    columns: (table) => names("SELECT name FROM pragma_table_info(?)", table),
    properties: (table) =>
      names(
        `SELECT DISTINCT key FROM
         (SELECT properties FROM ${quoteName(table)} WHERE json_valid(properties) LIMIT ${ROWS_FOR_NAMES}) AS recent,
         json_each(recent.properties) WHERE typeof(key) = 'text'`,
      ),
    functions: () => names("SELECT DISTINCT name FROM pragma_function_list"),
    tryPrefix: (end) => prefixError(gate.db, statement.sql.slice(0, end)),
    denial: gate.denial(),
  };
}

function prefixError(db: DatabaseSync, sql: string): string | undefined {
  try {
    db.prepare(sql);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
