/** Cohort retention: GET /retention. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { bucketLabel, type DateRange, isBucketKey } from "./dates.ts";
import { mapOf } from "./reply.ts";
import { type Amount, amount } from "./sparse.ts";

export type RetentionQuery = DateRange & {
  type: "birth" | "compounded";
  /** Required for `birth`, ignored by Mixpanel for `compounded`. */
  bornEvent?: string;
  /** The returning event; any event where absent. */
  event?: string;
  bornWhere?: string;
  where?: string;
  /** Either a unit, or an interval in days: Mixpanel answers both together with a bare 500. */
  step: { unit: "day" | "week" | "month" } | { intervalDays: number };
  intervalCount: number;
  on?: string;
  limit?: number;
};

/** Users born on `date` (`size`) and how many of them returned in interval 0, 1, 2, ... */
export type Cohort = { date: string; size: Amount; counts: Amount[] };

/** Cohorts in order of time. `segments` holds a breakdown; `cohorts` is empty where the answer gives only segments. */
export type RetentionResult = {
  cohorts: Cohort[];
  segments: Map<string, Cohort[]>;
  /** Parts below a date or segment that hold no counts: not understood, and not counted. */
  unread: number;
};

const OVERALL = "$overall";
const ENVELOPES = new Set(["data", "results", "series"]);
const leafSchema = () => z.object({ first: amount().optional(), counts: z.array(amount()) });
const objectSchema = () => mapOf(z.unknown());

/**
 * Finds every `{first, counts}` in a tree whose levels are dates and segments in either order (both were seen), with
 * `$overall` for the whole. `$average` rows are no cohorts and are left out.
 */
export function readCohorts(tree: unknown): RetentionResult {
  const found: { date: string; segment: string; cohort: Cohort }[] = [];
  const schemas = { leaf: leafSchema(), object: objectSchema() };
  const unread = walk(schemas, tree, undefined, OVERALL, (date, segment, cohort) =>
    found.push({ date, segment, cohort }),
  );
  found.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const segments = new Map<string, Cohort[]>();
  for (const { segment, cohort } of found) {
    const list = segments.get(segment) ?? [];
    list.push(cohort);
    segments.set(segment, list);
  }
  const cohorts = segments.get(OVERALL) ?? [];
  segments.delete(OVERALL);
  return { cohorts, segments, unread };
}

type Schemas = { leaf: ReturnType<typeof leafSchema>; object: ReturnType<typeof objectSchema> };
type Take = (date: string, segment: string, cohort: Cohort) => void;

/** Returns how many parts below a date could not be read. */
function walk(schemas: Schemas, node: unknown, date: string | undefined, segment: string, take: Take): number {
  const leaf = schemas.leaf.safeParse(node);
  if (leaf.success) {
    if (date !== undefined) take(date, segment, { date, size: leaf.data.first ?? null, counts: leaf.data.counts });
    return date === undefined ? 1 : 0;
  }
  const children = schemas.object.safeParse(node);
  if (!children.success || (date !== undefined && children.data.size === 0)) return date === undefined ? 0 : 1;
  let unread = 0;
  for (const [key, child] of children.data) {
    if (key === "$average") continue;
    const isDate = date === undefined && isBucketKey(key);
    unread += isDate
      ? walk(schemas, child, bucketLabel(key, "day"), segment, take)
      : walk(schemas, child, date, key, take);
  }
  return unread;
}

/** The body without an envelope, which some servers add around the dates. */
function unwrap(reply: Map<string, unknown>): unknown {
  const keys = [...reply.keys()];
  const envelope = keys.find((key) => ENVELOPES.has(key));
  const bare = keys.some((key) => isBucketKey(key)) || keys.length > 4;
  return envelope === undefined || bare ? Object.fromEntries(reply) : reply.get(envelope);
}

/** Where nothing is found, the reply must at least have room for cohorts: anything else is not an answer of nothing. */
const replySchema = () =>
  objectSchema().transform((reply, context): RetentionResult => {
    const tree = unwrap(reply);
    const result = readCohorts(tree);
    const found = result.cohorts.length + result.segments.size + result.unread > 0;
    const isNode = (value: unknown) => typeof value === "object" && value !== null;
    if (found || (isNode(tree) && Object.values(tree as object).every(isNode))) return result;
    context.addIssue({ code: "custom", message: "it holds no cohorts" });
    return z.NEVER;
  });

/** No envelope: cohort dates at the top. Recent cohorts may have fewer counts than asked; empty is `{}`. */
export async function retention(api: Api, query: RetentionQuery, signal?: AbortSignal): Promise<RetentionResult> {
  const { step } = query;
  return api.call(
    {
      family: "query",
      path: path`/retention`,
      query: {
        from_date: query.fromDate,
        to_date: query.toDate,
        retention_type: query.type,
        born_event: query.bornEvent,
        event: query.event,
        born_where: query.bornWhere,
        where: query.where,
        unit: "unit" in step ? step.unit : undefined,
        interval: "intervalDays" in step ? step.intervalDays : undefined,
        interval_count: query.intervalCount,
        on: query.on,
        limit: query.on === undefined ? undefined : query.limit,
      },
      reply: replySchema(),
      keyedByData: true,
    },
    signal,
  );
}
