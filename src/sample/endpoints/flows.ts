/** /arb_funnels: what people do after an anchor event, as a graph of columns or as whole paths. Counts are texts, as live. */
import { select } from "../count.ts";
import type { SampleData, SampleEvent } from "../data.ts";
import { savedReport } from "../report.ts";
import { type FlowParams, readFlow } from "../report-flow.ts";
import {
  ApiError,
  computedAt,
  type Endpoint,
  jsonParameter,
  type Range,
  type SampleRequest,
  type Service,
} from "../request.ts";

const DROPOFF = "\u0000dropoff";
const PRUNED = "\u0000pruned";
const MAX_PATHS = 50;

export const flows: Endpoint = (request, service) => {
  const { params, type } = definition(request);
  const range = flowRange(params, service);
  const paths = pathsOf(service.data, params, range);
  const converted = paths.filter((path) => path.converted).length;
  const head = { computed_at: computedAt(service), metadata: { min_sampling_factor: 1 } };
  if (type === "flows_top_paths") return { ...head, flows: topPaths(paths) };
  if (type !== "flows_sankey") throw new ApiError(400, `query_type ${type} is not supported by the sample project`);
  return {
    ...head,
    steps: sankey(paths, params),
    breakdowns:
      params.steps.length < 2
        ? []
        : [breakdown("Did Not Convert", paths.length - converted), breakdown("Converted", converted)],
    overallConversionRate: paths.length === 0 ? 0 : converted / paths.length,
  };
};

const breakdown = (value: string, count: number) => ({
  segments: [{ label: "", value: "", values: [value] }],
  totalCount: String(count),
});

function definition(request: SampleRequest): { params: FlowParams; type: string } {
  const { json } = request;
  if (json && "bookmark" in json) {
    const bookmark: unknown =
      typeof json["bookmark"] === "string" ? jsonParameter("bookmark", json["bookmark"]) : json["bookmark"];
    return { params: readFlow(bookmark), type: String(json["query_type"] ?? "flows_sankey") };
  }
  const report = savedReport(request);
  if (report.type !== "flows") throw new ApiError(400, `Bookmark ${report.id} is not a flows report`);
  return { params: readFlow(report.params), type: request.params.get("query_type") ?? "flows_sankey" };
}

function flowRange({ date_range: range }: FlowParams, service: Service): Range {
  const today = service.data.zone.day(service.now() / 1000);
  if (typeof range.from === "number") return { from: range.from, to: range.to ?? today };
  return { from: today - range.days + 1, to: today };
}

type Path = { events: string[]; converted: boolean };

/** Per person: the first anchor in the range and the events after it. The last waypoint decides about conversion. */
function pathsOf(data: SampleData, params: FlowParams, range: Range): Path[] {
  const [anchor] = params.steps;
  const goal = params.steps.at(-1);
  if (!anchor || !goal) return [];
  const seen = new Set<string>();
  const paths: Path[] = [];
  const hidden = new Set([...params.hidden_events, "$identify"]);
  for (const start of select(data, { event: anchor.event, range })) {
    if (seen.has(start.person.id)) continue;
    seen.add(start.person.id);
    const after = following(data, start, params.windowSeconds);
    const names: string[] = [anchor.event];
    for (const { event } of after) {
      if (names.length > params.forward) break;
      if (hidden.has(event) || (params.collapse_repeated && names.at(-1) === event)) continue;
      names.push(event);
    }
    const converted =
      params.steps.length < 2 ||
      reaches(
        after,
        params.steps.slice(1).map((step) => step.event),
      );
    paths.push({ events: names, converted });
  }
  return paths;
}

function following(data: SampleData, start: SampleEvent, windowSeconds: number): SampleEvent[] {
  const events = data.byPerson.get(start.person.id) ?? [];
  return events.filter((event) => event.time > start.time && event.time <= start.time + windowSeconds);
}

function reaches(events: SampleEvent[], waypoints: string[]): boolean {
  let next = 0;
  for (const { event } of events) if (event === waypoints[next]) next += 1;
  return next === waypoints.length;
}

function topPaths(paths: Path[]) {
  const counts = new Map<string, number>();
  for (const { events } of paths) {
    const key = JSON.stringify(events);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAX_PATHS)
    .map(([key, count]) => ({
      flowSteps: (JSON.parse(key) as string[]).map((event, index) => ({
        event,
        type: index === 0 ? "ANCHOR" : "FORWARD",
        totalCount: String(count),
        isComputed: false,
      })),
      segments: [],
    }));
}

/** Columns of nodes. Who left stays in every later column's DROPOFF node, so those are cumulative. */
function sankey(paths: Path[], params: FlowParams) {
  const columns = params.forward + 1;
  const kept = Array.from({ length: columns }, (_, step) => frequent(paths, step, params.cardinality_threshold));
  const place = (path: Path, step: number) => {
    const event = path.events[step];
    if (event === undefined) return DROPOFF;
    return kept[step]?.has(event) ? event : PRUNED;
  };
  const waypoints = new Set(params.steps.slice(1).map((step) => step.event));
  const type = (name: string, step: number) =>
    name === DROPOFF
      ? "DROPOFF"
      : name === PRUNED
        ? "PRUNED"
        : step === 0 || waypoints.has(name)
          ? "ANCHOR"
          : "FORWARD";
  return Array.from({ length: columns }, (_, step) => {
    const nodes = new Map<string, Map<string, number>>();
    const totals = new Map<string, number>();
    for (const path of paths) {
      const here = place(path, step);
      totals.set(here, (totals.get(here) ?? 0) + 1);
      const edges = nodes.get(here) ?? new Map<string, number>();
      nodes.set(here, edges);
      if (step + 1 >= columns) continue;
      const next = place(path, step + 1);
      edges.set(next, (edges.get(next) ?? 0) + 1);
    }
    return {
      nodes: [...nodes].map(([name, edges]) => ({
        ...node(name, type(name, step), totals.get(name) ?? 0),
        isComputed: false,
        isCustomEvent: false,
        conversionRateChange: 0,
        segments: [],
        breakdowns: [],
        edges: [...edges].map(([next, count]) => ({
          ...node(next, type(next, step + 1), count),
          step: String(step + 1),
        })),
      })),
    };
  });
}

function node(name: string, type: string, count: number) {
  const event = name === DROPOFF || name === PRUNED ? "" : name;
  return { event, type, anchorType: "NORMAL", totalCount: String(count) };
}

function frequent(paths: Path[], step: number, limit: number): Set<string> {
  const counts = new Map<string, number>();
  for (const { events } of paths) {
    const event = events[step];
    if (event !== undefined) counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  const largest = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return new Set(largest.slice(0, limit).map(([event]) => event));
}
