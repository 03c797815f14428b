/** Runs a report by its definition, whatever its kind. */
import { funnelReport, retentionCohorts, retentionReport } from "./report-behavior.ts";
import { insightsReport } from "./report-insights.ts";
import { readParams } from "./report-parts.ts";
import { ApiError, computedAt, required, type SampleRequest, type Service } from "./request.ts";
import { SAVED_REPORTS, type SavedReport } from "./saved.ts";
import { isoWithOffset } from "./zone.ts";

export const DEFAULT_SEGMENTS = 3_000;

export function savedReport(request: SampleRequest): SavedReport {
  const id = required(request, "bookmark_id");
  const report = SAVED_REPORTS.find((candidate) => String(candidate.id) === id);
  if (!report) throw new ApiError(404, `Bookmark ${id} not found`);
  return report;
}

export function runReport(definition: unknown, service: Service, limit = DEFAULT_SEGMENTS) {
  const params = readParams(definition);
  const kind = params.sections.show[0]?.behavior?.type;
  const answer =
    kind === "funnel"
      ? funnelReport(params, service, limit)
      : kind === "retention"
        ? retentionReport(params, service, limit)
        : insightsReport(params, service, limit);
  return { computed_at: computedAt(service), ...answer };
}

/** `/retention?bookmark_id=`: the saved report without an envelope, ISO keys, rates added. */
export function savedRetention(request: SampleRequest, service: Service) {
  const report = savedReport(request);
  if (report.type !== "retention") throw new ApiError(400, `Bookmark ${report.id} is not a retention report`);
  const { cohorts } = retentionCohorts(readParams(report.params), service);
  return Object.fromEntries(
    cohorts
      .filter(({ size }) => size > 0)
      .map(({ start, size, counts }) => [
        isoWithOffset(start, service.data.zone),
        { first: size, counts, rates: counts.map((count) => count / size) },
      ]),
  );
}
