/** The columns of a table as its readers see them. */
import type { Database } from "bun:sqlite";

export type TableColumn = { name: string; type: string; nullable: boolean; primary_key: boolean };

export function tableColumns(db: Database, table: string): TableColumn[] {
  return db
    .query<{ name: string; type: string; notnull: number; pk: number }, [string]>(
      `SELECT name, type, "notnull", pk FROM pragma_table_info(?)`,
    )
    .all(table)
    .map(({ name, type, notnull, pk }) => ({
      name,
      type: type === "" ? "ANY" : type,
      nullable: notnull === 0 && pk === 0,
      primary_key: pk > 0,
    }));
}
