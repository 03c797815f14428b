/** Names of saved funnels and reports, which the answers of their endpoints lack. */
import { Fault } from "../fault.ts";
import type { Api } from "../mixpanel/api.ts";
import type { Bookmark, BookmarkType } from "../mixpanel/bookmarks.ts";
import type { Look } from "./session-cache.ts";
import type { Workspace } from "./workspace.ts";

/** Funnel names are only asked for when this many queries are left. */
const QUOTA_TO_SPARE = 10;

/** A name is not worth more of the caller's time: projects with thousands of reports are slow to list them. */
const NAME_MS = 8_000;

/** Without knowledge the answer is still right: only cancellation goes on. */
async function orNothing<T>(ask: (look: Look) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await ask({ signal: AbortSignal.any([signal, AbortSignal.timeout(NAME_MS)]) });
  } catch (error) {
    if (error instanceof Fault && !signal.aborted) return undefined;
    throw error;
  }
}

/** From what the session knows, then the saved reports (free), then the list of funnels (a query); null where none tells. */
export async function nameOfFunnel(
  workspace: Workspace,
  live: { api: Api },
  funnelId: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { discovery } = workspace;
  const seen = discovery.known().funnels.find((funnel) => funnel.id === funnelId);
  if (seen) return seen.name;
  const report = (await orNothing((look) => discovery.bookmarks("funnels", look), signal))?.find(
    ({ id }) => id === funnelId,
  );
  if (report) return report.name;
  const { used, limit } = live.api.quota().query;
  if (limit - used < QUOTA_TO_SPARE) return null;
  const list = await orNothing((look) => discovery.funnels(look), signal);
  return list?.funnels.find((funnel) => funnel.funnelId === funnelId)?.name ?? null;
}

/**
 * The name of a saved report, from the list of them (free). Throws QUERY_INVALID before any quota is spent when the report is of
 * a kind the tool cannot run; a report that is not in the list may still exist.
 */
export async function nameOfReport(
  workspace: Workspace,
  bookmarkId: number,
  wanted: "flows" | "report",
  signal: AbortSignal,
): Promise<{ name: string | null }> {
  const list = await orNothing((look) => workspace.discovery.bookmarks(undefined, look), signal);
  const report = list?.find(({ id }) => id === bookmarkId);
  if (report !== undefined) refuseOtherKind(report, wanted);
  return { name: report === undefined || report.name === "" ? null : report.name };
}

const RUNNABLE: readonly string[] = ["insights", "funnels", "retention"] satisfies BookmarkType[];

function refuseOtherKind(report: Bookmark, wanted: "flows" | "report"): void {
  const { id, type } = report;
  if (wanted === "flows" && RUNNABLE.includes(type)) {
    throw new Fault("QUERY_INVALID", `Report ${id} is of type ${type}, not a flow report.`, {
      suggestions: [`Use query_saved_report with bookmark_id ${id}.`],
    });
  }
  if (wanted === "report" && type === "flows") {
    throw new Fault("QUERY_INVALID", `Report ${id} is a flow report.`, {
      suggestions: [`Use query_flows with bookmark_id ${id}.`],
    });
  }
  if (type === "launch-analysis") {
    throw new Fault("QUERY_INVALID", `Report ${id} is of type ${type}, which Mixpanel's API does not run.`, {
      suggestions: ["Open it in Mixpanel, or ask the same with segmentation."],
    });
  }
}
