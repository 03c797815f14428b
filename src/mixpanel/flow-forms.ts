/** The other two forms of a flow reply, top paths and trees, as the columns of nodes that the graph form has. */
import { z } from "zod";
import { type FlowNode, type FlowPlace, placeSchema } from "./flow-place.ts";
import { type Amount, amount } from "./sparse.ts";

/** Everyone who came this way, and the ways they went on: users of different branches are different. */
export type FlowBranch = { place: FlowPlace; left: Amount; children: FlowBranch[] };

/** `{flows: [{flowSteps: [{event, type, totalCount}]}]}` */
export const pathListSchema = () =>
  z.array(z.looseObject({ flowSteps: z.array(placeSchema()) }).transform(({ flowSteps }) => flowSteps));

/** `{trees: [{root: {step: {event, type, ...} | null, totalCount, dropOffTotalCount, children}}]}` */
export const treeListSchema = () => z.array(z.looseObject({ root: branchSchema() }).transform(({ root }) => root));

/** A root without a step stands for all its children. */
type Root = FlowBranch | FlowBranch[];

function branchSchema(): z.ZodType<Root> {
  const schema: z.ZodType<Root> = z
    .looseObject({
      step: z.record(z.string(), z.unknown()).nullish(),
      totalCount: amount().optional(),
      dropOffTotalCount: amount().optional(),
      children: z.array(z.lazy(() => schema)).nullish(),
    })
    .transform(({ step, totalCount, dropOffTotalCount, children }): Root => {
      const below = (children ?? []).flat();
      if (step === null || step === undefined) return below;
      const place = placeSchema().parse({ ...step, totalCount });
      return { place, left: dropOffTotalCount ?? null, children: below };
    });
  return schema;
}

/**
 * Paths with a common beginning as one tree. A place that all of them count alike was counted once for all; different counts are
 * those of each path, and add up.
 */
export function branchesOf(paths: readonly (readonly FlowPlace[])[]): FlowBranch[] {
  const groups = new Map<string, { place: FlowPlace; counts: Amount[]; rest: FlowPlace[][] }>();
  for (const [place, ...rest] of paths) {
    if (place === undefined) continue;
    const group = groups.get(keyOf(place)) ?? { place, counts: [], rest: [] };
    group.counts.push(place.count);
    group.rest.push(rest);
    groups.set(keyOf(place), group);
  }
  return [...groups.values()].map(({ place, counts, rest }) => {
    const alike = counts.every((count) => count === counts[0]);
    const count = alike ? (counts[0] ?? null) : sum(counts);
    return { place: { ...place, count }, left: null, children: branchesOf(rest) };
  });
}

/** Depth by depth; the same event at the same depth is one node. */
export function columnsOf(branches: readonly FlowBranch[]): FlowNode[][] {
  const columns: FlowNode[][] = [];
  for (let level = [...branches]; level.length > 0; level = level.flatMap(({ children }) => children)) {
    const nodes = new Map<string, FlowNode>();
    for (const { place, left, children } of level) {
      const node = nodes.get(keyOf(place)) ?? { ...place, count: null, edges: [] };
      nodes.set(keyOf(place), node);
      node.count = sum([node.count, place.count]);
      for (const child of children) addEdge(node, child.place);
      if (left !== null && left > 0) addEdge(node, { event: "", type: "DROPOFF", anchorType: "NORMAL", count: left });
    }
    columns.push([...nodes.values()]);
  }
  return columns;
}

function addEdge(node: FlowNode, to: FlowPlace): void {
  const edge = node.edges.find((one) => keyOf(one) === keyOf(to));
  if (edge === undefined) node.edges.push({ ...to });
  else edge.count = sum([edge.count, to.count]);
}

const keyOf = ({ event, type, anchorType }: FlowPlace): string => JSON.stringify([event, type, anchorType]);

function sum(counts: readonly Amount[]): Amount {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}
