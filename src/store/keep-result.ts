/** The result of one SELECT as a table of its own: the SQL child spools the rows, the writer adopts them. */
import { Fault } from "../fault.ts";
import type { SpooledColumn } from "./sandbox-run.ts";
import type { Store } from "./store.ts";
import { checkTableName } from "./table-name.ts";
import { findTable, type TableInfo } from "./tables.ts";

export type KeptResult = { table: string; rows: number; columns: { name: string; type: string }[]; hint?: string };

/**
 * `spool` is a path for the rows on their way; the caller removes it. Throws TABLE_EXISTS, INVALID_ARGUMENT for the name, and
 * what the query throws; then there is no table.
 */
export async function keepResult(
  store: Store,
  { table, query }: { table: string; query: string },
  spool: string,
  signal?: AbortSignal,
  onProgress?: (rows: number) => void,
): Promise<KeptResult> {
  checkTableName(table);
  const existing = findTable(store, table);
  if (existing !== undefined) throw tableExists(existing);
  const spooled = await store.sandbox().spool(query, spool, "rows", signal, onProgress);
  const names = uniqueNames(spooled.columns.map(({ name }) => name));
  const renamed = names.filter((name, index) => name !== spooled.columns[index]?.name);
  const columns = spooled.columns.map((column, index) => ({
    name: names[index] ?? column.name,
    type: column.affinity,
  }));
  const { rows } = await store.writer().adopt({ table, columns, path: spool, query });
  return {
    table,
    rows,
    columns: columns.map(({ name }, index) => ({ name, type: shownType(spooled.columns[index]) })),
    ...(renamed.length === 0 ? {} : { hint: `Column names made unique: ${renamed.slice(0, 10).join(", ")}.` }),
  };
}

function shownType(column: SpooledColumn | undefined): string {
  return column?.type ?? "ANY";
}

/** SQLite compares column names without case; an empty one becomes `column_N`. */
export function uniqueNames(names: string[]): string[] {
  const used = new Set<string>();
  return names.map((name, index) => {
    const base = name.trim() === "" ? `column_${index + 1}` : name;
    let unique = base;
    for (let count = 2; used.has(unique.toLowerCase()); count++) unique = `${base}_${count}`;
    used.add(unique.toLowerCase());
    return unique;
  });
}

function tableExists({ name, type, row_count }: TableInfo): Fault {
  return new Fault("TABLE_EXISTS", `A table ${name} exists already (${type}, ${row_count} rows).`, {
    suggestions: ["Choose another name.", `Or remove it first with drop_table(${name}).`],
    details: { table: name, type, row_count },
  });
}
