/** The SQL child (`__sql`): the only process in which SQL written by a model runs. See child.ts for how it is spoken to and killed. */
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { Fault } from "../fault.ts";
import { type ChildContext, type ChildProgram, serveChild } from "./child-side.ts";
import { type Gate, openGate } from "./sandbox-gate.ts";
import { type QueryRequest, runQuery, type SpoolRequest, spoolQuery } from "./sandbox-run.ts";
import { addFunctions } from "./sql-functions.ts";

export type SandboxSetup = { path: string; tempDir: string };

export function runSqlChild(): Promise<void> {
  return serveChild((setup: SandboxSetup): ChildProgram => {
    let open: { gate: Gate; file: string } | undefined;
    const gate = (): Gate => {
      const file = identity(setup.path);
      if (open !== undefined && open.file !== file) {
        open.gate.close();
        open = undefined;
      }
      open ??= { gate: openWithFunctions(file === "" ? undefined : setup.path, setup.tempDir), file };
      return open.gate;
    };
    return {
      handlers: {
        query: (request: QueryRequest) => runQuery(gate(), request),
        spool: (request: SpoolRequest, context: ChildContext) => spoolQuery(gate(), request, context.progress),
      },
      close: () => open?.gate.close(),
    };
  });
}

function openWithFunctions(path: string | undefined, tempDir: string): Gate {
  try {
    const gate = openGate(path, usable(tempDir) ? tempDir : undefined);
    addFunctions(gate.db);
    return gate;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("STORE_BUSY", `The local data file cannot be read (${reason}).`, {
      suggestions: ["Try again in a few seconds; if it stays so, run the doctor command."],
      cause,
    });
  }
}

/** Otherwise sorting spills to the system's own temporary folder. */
function usable(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Which file is at the path; empty when there is none yet. Another one there means opening again. */
function identity(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined || stat.size === 0 ? "" : `${stat.dev}:${stat.ino}`;
}
