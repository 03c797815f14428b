/** /stream/query and its undocumented successor /stream/bookmark: what given people did. */
import { z } from "zod";
import type { SampleEvent } from "../data.ts";
import { shuffled } from "../random.ts";
import {
  ApiError,
  dayRange,
  type Endpoint,
  optional,
  type Range,
  required,
  type SampleRequest,
  type Service,
  textList,
} from "../request.ts";
import { DAY, parseDay } from "../zone.ts";

const MAX_EVENTS = 15_000;

export const streamQuery: Endpoint = (request, service) => {
  required(request, "distinct_ids");
  const ids = textList(request, "distinct_ids") ?? [];
  // Live, the dates may be left out.
  const range = optional(request, "from_date") ? dayRange(request) : undefined;
  const events = feed(service, ids, range);
  return { status: "ok", results: { events: shuffled(events.map(item), 3) } };
};

function feed(service: Service, ids: string[], range: Range | undefined): SampleEvent[] {
  const { byPerson } = service.data;
  const within = ({ local }: SampleEvent) => !range || (local >= range.from * DAY && local < (range.to + 1) * DAY);
  return [...new Set(ids)].flatMap((id) => byPerson.get(id) ?? []).filter(within);
}

/** The id comes as `distinct_id` or, on some events, as `$distinct_id`. */
function item(event: SampleEvent) {
  const { distinct_id: id, ...rest } = event.properties;
  const key = event.time % 2 === 0 ? "$distinct_id" : "distinct_id";
  return { event: event.event, properties: { ...rest, time: event.time, [key]: id } };
}

const bookmarkShape = z.looseObject({
  bookmark: z.looseObject({
    dateRange: z.looseObject({
      type: z.string(),
      from: z.string().optional(),
      to: z.string().optional(),
      window: z.looseObject({ unit: z.string(), value: z.number() }).optional(),
    }),
    entries: z.array(z.unknown()),
  }),
  distinct_ids: z.array(z.string()).optional(),
  mode: z.enum(["raw", "count"]),
  limit: z.number().optional(),
  include_events: z.array(z.string()).optional(),
  exclude_events: z.array(z.string()).optional(),
});

export const streamBookmark: Endpoint = (request: SampleRequest, service) => {
  const parsed = bookmarkShape.safeParse(request.json);
  if (!parsed.success) throw new ApiError(400, `Invalid request: ${parsed.error.issues[0]?.message ?? "body"}`);
  const {
    bookmark,
    distinct_ids: ids,
    mode,
    limit = MAX_EVENTS,
    include_events: include,
    exclude_events: exclude,
  } = parsed.data;
  if (include && exclude) throw new ApiError(400, "include_events and exclude_events are mutually exclusive");
  const events = feed(service, ids ?? [...service.data.byPerson.keys()], bookmarkRange(bookmark.dateRange, service))
    .filter(({ event }) => (!include || include.includes(event)) && !exclude?.includes(event))
    .sort((a, b) => b.time - a.time);
  if (mode === "count") return { status: "ok", results: events.length };
  return {
    status: "ok",
    results: { events: events.slice(0, Math.min(limit, MAX_EVENTS)).map(item), sentinel_event: null },
  };
};

type DateRange = z.infer<typeof bookmarkShape>["bookmark"]["dateRange"];

function bookmarkRange(range: DateRange, service: Service): Range {
  const today = service.data.zone.day(service.now() / 1000);
  const from = range.from === undefined ? undefined : parseDay(range.from);
  const to = range.to === undefined ? today : parseDay(range.to);
  if (from !== undefined && to !== undefined) return { from, to };
  if (!range.window) throw new ApiError(400, "bookmark.dateRange: invalid");
  const days = range.window.value * ({ week: 7, month: 30 }[range.window.unit] ?? 1);
  return { from: today - days + 1, to: today };
}
