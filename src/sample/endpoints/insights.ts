/** /insights: a saved report by its id, or the definition sent along. */
import { runReport, savedReport } from "../report.ts";
import { paramsError } from "../report-parts.ts";
import { ApiError, type Endpoint } from "../request.ts";

export const insights: Endpoint = (request, service) => {
  if (request.method === "POST" && request.json && "bookmark" in request.json) return adHoc(request.json, service);
  const report = savedReport(request);
  if (report.type === "flows") {
    // As seen live: an error delivered as a success.
    return Response.json({ error: `Report ${report.id} is a flows report and cannot be queried here` });
  }
  return runReport(report.params, service);
};

const adHoc = (body: Record<string, unknown>, service: Parameters<Endpoint>[1]) => {
  const { bookmark, queryLimits } = body;
  if (typeof bookmark !== "object" || bookmark === null)
    throw new ApiError(400, "Missing required parameter: bookmark");
  if ("queryLimits" in bookmark) throw paramsError("queryLimits: Extra inputs are not permitted");
  const limit =
    typeof queryLimits === "object" && queryLimits !== null && "limit" in queryLimits
      ? Number(queryLimits.limit)
      : undefined;
  return runReport(bookmark, service, limit);
};
