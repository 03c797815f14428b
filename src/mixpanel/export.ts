/** Mixpanel's raw event export: JSON Lines of whole days, unsorted, not de-duplicated, without cursor or total. */

import { Fault } from "../fault.ts";
import { type Api, type Download, jsonParam, path } from "./api.ts";

export type ExportQuery = {
  /** Days, both included; at most 100. UTC for projects made since January 2023, else the project's own zone. */
  fromDate: string;
  toDate: string;
  /** Event names; all when absent. */
  events?: readonly string[];
  where?: string;
  /** At most 100,000; which events Mixpanel picks is arbitrary. */
  limit?: number;
};

/**
 * Starts one export request (one of 60 an hour) and returns the body as it comes, usually gzip. The end of the body is
 * not proven: a broken export ends with status 200 and the text `terminated early`. Faults as `Api.download`; a refused
 * filter is QUERY_INVALID that says so, because Mixpanel answers 400 with an empty body.
 * `patient`: background work, may wait for a slot of the quota longer than a tool call may.
 */
export async function exportEvents(
  api: Api,
  query: ExportQuery,
  signal?: AbortSignal,
  patient = false,
): Promise<Download> {
  checkLength(query);
  try {
    return await api.download(
      {
        family: "export",
        path: path`/export`,
        query: {
          from_date: query.fromDate,
          to_date: query.toDate,
          event: query.events === undefined ? undefined : jsonParam(query.events),
          where: query.where,
          limit: query.limit,
        },
        patient,
      },
      signal,
    );
  } catch (fault) {
    throw query.where === undefined ? fault : blameFilter(fault);
  }
}

/** Both travel in the address of a GET; servers and proxies refuse addresses much longer than this. */
const MAX_QUERY_CHARS = 12_000;

function checkLength({ events, where }: ExportQuery): void {
  const length = encodeURIComponent(jsonParam(events ?? []) + (where ?? "")).length;
  if (length <= MAX_QUERY_CHARS) return;
  throw new Fault("INVALID_ARGUMENT", `events and where are too long for one request (${length} characters encoded).`, {
    suggestions: ["Name fewer events, or leave events out and filter with sql."],
  });
}

function blameFilter(fault: unknown): unknown {
  if (!(fault instanceof Fault) || fault.code !== "QUERY_INVALID") return fault;
  return new Fault("QUERY_INVALID", `${fault.message} The export takes a filter: check the where expression.`, {
    suggestions: [
      'Check quotes and accessors: where should read like properties["plan"] == "pro".',
      ...fault.suggestions,
    ],
    details: fault.details,
    cause: fault,
  });
}
