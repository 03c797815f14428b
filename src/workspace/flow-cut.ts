/** How a flow is made shorter: the least frequent paths and nodes go; five nodes a step and fifteen paths go last. */
import type { FlowStep } from "./flow-paths.ts";
import { withRest } from "./segments.ts";
import type { Table } from "./series.ts";

type Answer = { steps: FlowStep[]; paths: Table; path_count: number; truncated: boolean; meta: { notes: string[] } };

const FIRST_NODES = 5;
const FIRST_PATHS = 15;

/** Nodes of the widest step. */
export function nodesOf(result: Pick<Answer, "steps">): number {
  return Math.max(0, ...result.steps.map((step) => step.nodes.length));
}

export function keepFlow<Result extends Answer>(result: Result, count: number): Result {
  const [nodes, paths] = [nodesOf(result), result.paths.rows.length];
  let left = count;
  const take = (size: number): number => {
    const taken = Math.min(Math.max(0, size), left);
    left -= taken;
    return taken;
  };
  const firstNodes = take(Math.min(nodes, FIRST_NODES));
  const firstPaths = take(Math.min(paths, FIRST_PATHS));
  const keptNodes = firstNodes + take(nodes - firstNodes);
  const keptPaths = firstPaths + take(paths - firstPaths);
  const hidden = result.steps.reduce((sum, step) => sum + Math.max(0, step.nodes.length - keptNodes), 0);
  const rest = [
    paths > keptPaths ? `the ${paths - keptPaths} least frequent paths` : "",
    hidden > 0 ? `${hidden} of the least frequent nodes` : "",
  ].filter((part) => part !== "");
  return {
    ...result,
    steps: result.steps.map((step) => ({ ...step, nodes: step.nodes.slice(0, keptNodes) })),
    paths: { columns: result.paths.columns, rows: result.paths.rows.slice(0, keptPaths) },
    truncated: rest.length > 0,
    meta: {
      ...result.meta,
      notes: withRest(result.meta.notes, rest.length > 0 ? `${rest.join(" and ")}.` : undefined),
    },
  };
}
