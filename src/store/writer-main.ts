/** The writer child: a dispatch table. All changes of the store happen here, one request after the other. */
import { baseIndexTasks } from "./base-indexes.ts";
import { type ChildProgram, serveChild } from "./child-side.ts";
import { ingestEvents, writeOut } from "./ingest.ts";
import { ingestProfiles } from "./profiles-ingest.ts";
import { prepareThread } from "./reader-client.ts";
import { ensureStatistics, saveStatistics, statisticsTask } from "./stats-pass.ts";
import { adoptResult, cleaner, createTable, dropTables, type NewTable, saveJob, updateTable } from "./table-admin.ts";
import type { TableChange } from "./tables.ts";
import { type IndexRequest, wishIndex } from "./wished-indexes.ts";
import { truncateLog } from "./write-log.ts";
import type { AdoptedResult, EventChunk, JobRow, ProfilePage, WriterSetup } from "./writer.ts";
import { closeSession, openSession, tableOf, type WriterSession } from "./writer-session.ts";

export function runWriterChild(): Promise<void> {
  // The executable starts with a slow JIT to save start-up time; here every millisecond of it counts against ingest.
  Bun.unsafe.setJITPolicy(1);
  return serveChild((setup: WriterSetup) => writerProgram(openSession(setup.path)));
}

export function writerProgram(session: WriterSession): ChildProgram {
  session.background.push(cleaner(session));
  return {
    handlers: {
      create: async (table: NewTable) => {
        await createTable(session, table);
        if (table.type === "events") prepareThread(session.threads);
      },
      update: ({ table, change }: { table: string; change: TableChange }) => updateTable(session, table, change),
      ingest_events: (chunk: EventChunk, context) => ingestEvents(session, chunk, context),
      ingest_profiles: (page: ProfilePage, context) => ingestProfiles(session, page, context),
      finish: ({ table }: { table: string }) => finish(session, table),
      drop: ({ tables }: { tables: string[] }) => dropTables(session, tables),
      adopt: (result: AdoptedResult) => adoptResult(session, result),
      save_job: (job: JobRow) => saveJob(session, job),
      index: (request: IndexRequest) => wishIndex(session, request),
      statistics: ({ table }: { table: string }, context) => ensureStatistics(session, table, context),
    },
    background: () => backgroundStep(session),
    close() {
      writeOut(session);
      truncateLog(session.db);
      closeSession(session);
    },
  };
}

/** Statistics are kept before this answers; what takes longer follows in the background. */
async function finish(session: WriterSession, name: string): Promise<void> {
  const table = tableOf(session, name);
  if (!(await saveStatistics(session, table))) session.background.push(statisticsTask(session, table.name));
  session.background.push(...baseIndexTasks(session, table), () => {
    truncateLog(session.db);
    return false;
  });
}

/** What has to reach the disk, else one step of the first task. A task that fails is given up: whoever needs its result asks again. */
async function backgroundStep(session: WriterSession): Promise<boolean> {
  if (writeOut(session)) return true;
  const [task] = session.background;
  if (task === undefined) return false;
  const more = await Promise.resolve()
    .then(task)
    .catch((error: unknown) => {
      process.stderr.write(`background work failed: ${error instanceof Error ? error.message : error}\n`);
      return false;
    });
  if (!more) session.background.shift();
  return true;
}
