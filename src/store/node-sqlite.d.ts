/** What Bun's node:sqlite has and the installed type definitions do not know yet. */
import "node:sqlite";

declare module "node:sqlite" {
  interface DatabaseSyncOptions {
    defensive?: boolean;
    limits?: Record<string, number>;
  }
  interface DatabaseSync {
    /** Called while a statement is prepared, and again by table-valued pragmas while one runs. The last argument can be any view's or CTE's name. */
    setAuthorizer(
      authorize: (
        action: number,
        first: string | null,
        second: string | null,
        schema: string | null,
        view: string | null,
      ) => number,
    ): void;
  }
  namespace constants {
    const SQLITE_OK: number;
    const SQLITE_DENY: number;
    const SQLITE_SELECT: number;
    const SQLITE_READ: number;
    const SQLITE_RECURSIVE: number;
    const SQLITE_FUNCTION: number;
    const SQLITE_PRAGMA: number;
  }
}
