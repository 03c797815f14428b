/** A saved flow report as a graph of steps: GET /arb_funnels (not in Mixpanel's public reference; best effort). */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { branchesOf, columnsOf, type FlowBranch, pathListSchema, treeListSchema } from "./flow-forms.ts";
import { type FlowNode, type FlowPlace, optional, placeFields, placeOf, placeSchema } from "./flow-place.ts";
import { type Amount, amount } from "./sparse.ts";

export type { FlowNode, FlowPlace } from "./flow-place.ts";

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** `breakdowns`: label of the segment (`Converted`, `Did Not Convert`) and its users. */
export type FlowsReply = {
  steps: FlowNode[][];
  breakdowns: { label: string; count: Amount }[];
  /** Whole paths with their users, where the reply has them: `A -> B`. */
  paths: { path: string; count: Amount }[];
  overallConversionRate: Amount;
  computedAt?: string;
};

const nodeSchema = () =>
  z
    .looseObject({ ...placeFields(), edges: list(placeSchema()) })
    .transform((node): FlowNode => ({ ...placeOf(node), edges: node.edges }));

const breakdownSchema = () =>
  z
    .looseObject({
      segments: list(
        z.looseObject({
          label: optional(),
          value: z.unknown().optional(),
          values: z.array(z.unknown()).nullish().catch(undefined),
        }),
      ),
      path: optional(),
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

type Forms = {
  steps?: FlowNode[][] | null;
  flows?: FlowPlace[][] | null;
  trees?: (FlowBranch | FlowBranch[])[] | null;
};

/** A report saved as top paths or as a tree may come in its own form. */
function columns({ steps, flows, trees }: Forms): FlowNode[][] | undefined {
  const forms = [steps, flows && columnsOf(branchesOf(flows)), trees && columnsOf(trees.flat())];
  const given = forms.filter((form) => form !== null && form !== undefined);
  const [first] = given;
  return given.find((form) => form.length > 0) ?? first;
}

const replySchema = () =>
  z
    .looseObject({
      steps: z.array(stepSchema()).nullish(),
      flows: pathListSchema().nullish(),
      trees: treeListSchema().nullish(),
      breakdowns: list(breakdownSchema()),
      overallConversionRate: amount().optional(),
      computed_at: optional(),
    })
    .transform((reply, context) => {
      const steps = columns(reply);
      if (steps !== undefined) return { ...reply, steps };
      context.addIssue({ code: "custom", message: "expected steps, flows or trees" });
      return z.NEVER;
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
