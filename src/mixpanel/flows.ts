/** A saved flow report as a graph of steps: GET /arb_funnels (not in Mixpanel's public reference; best effort). */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { type Amount, amount } from "./sparse.ts";

const text = () => z.string().nullish().catch(undefined);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** What a node or the target of an edge is: a named event, someone who left, or the merged rest. */
export type FlowPlace = { event: string; type: string; anchorType: string; count: Amount };
export type FlowNode = FlowPlace & { edges: FlowPlace[] };
/** `breakdowns`: label of the segment (`Converted`, `Did Not Convert`) and its users. */
export type FlowsReply = {
  steps: FlowNode[][];
  breakdowns: { label: string; count: Amount }[];
  /** Whole paths with their users, where the reply has them: `A -> B`. */
  paths: { path: string; count: Amount }[];
  overallConversionRate: Amount;
  computedAt?: string;
};

const placeFields = () => ({
  event: text(),
  type: text(),
  anchorType: text(),
  totalCount: amount().optional(),
  count: amount().optional(),
});
type PlaceFields = {
  event?: string | null;
  type?: string | null;
  anchorType?: string | null;
  totalCount?: Amount;
  count?: Amount;
};

function place(fields: PlaceFields): FlowPlace {
  return {
    event: fields.event ?? "",
    type: (fields.type ?? "NORMAL").toUpperCase(),
    anchorType: (fields.anchorType ?? "NORMAL").toUpperCase(),
    count: fields.totalCount ?? fields.count ?? null,
  };
}

const edgeSchema = () => z.looseObject(placeFields()).transform(place);
const nodeSchema = () =>
  z
    .looseObject({ ...placeFields(), edges: list(edgeSchema()) })
    .transform((node): FlowNode => ({ ...place(node), edges: node.edges }));

const breakdownSchema = () =>
  z
    .looseObject({
      segments: list(
        z.looseObject({
          label: text(),
          value: z.unknown().optional(),
          values: z.array(z.unknown()).nullish().catch(undefined),
        }),
      ),
      path: text(),
      totalCount: amount().optional(),
      count: amount().optional(),
    })
    .transform(({ segments, path: way, totalCount, count }) => ({
      path: way ?? undefined,
      label: segments.map((segment) => String(segment.values?.[0] ?? segment.value ?? segment.label ?? "")).join(" / "),
      count: totalCount ?? count ?? null,
    }));

/** A column of nodes; an older form is one event per step, without nodes. */
const stepSchema = () =>
  z.preprocess(
    (step) => (typeof step === "object" && step !== null && !("nodes" in step) ? { nodes: [step] } : step),
    z
      .looseObject({ nodes: list(nodeSchema()) })
      .transform(({ nodes }) => nodes.filter((node) => node.event !== "" || node.count !== null)),
  );

const replySchema = () =>
  z.looseObject({
    steps: z.array(stepSchema()),
    breakdowns: list(breakdownSchema()),
    overallConversionRate: amount().optional(),
    computed_at: text(),
  });

/** Counts and step numbers arrive as texts. Shares of the start, drop-off and paths: `workspace/flow-paths.ts`. */
export async function flows(api: Api, bookmarkId: number, signal?: AbortSignal): Promise<FlowsReply> {
  const reply = await api.call(
    {
      family: "query",
      path: path`/arb_funnels`,
      query: { bookmark_id: bookmarkId, query_type: "flows_sankey" },
      reply: replySchema(),
    },
    signal,
  );
  return {
    steps: reply.steps,
    breakdowns: reply.breakdowns
      .filter((part) => part.path === undefined)
      .map(({ label, count }) => ({ label, count })),
    paths: reply.breakdowns.flatMap(({ path: way, count }) => (way === undefined ? [] : [{ path: way, count }])),
    overallConversionRate: reply.overallConversionRate ?? null,
    computedAt: reply.computed_at ?? undefined,
  };
}
