/** A flow's steps with shares and new drop-off, and its transitions, from Mixpanel's graph. */
import type { FlowNode, FlowPlace, FlowsReply } from "../mixpanel/flows.ts";
import { addUp, fraction, roundTo } from "./arithmetic.ts";
import type { Cell, Table } from "./series.ts";

export const LEFT = "(drop-off)";
export const OTHERS = "(other events)";

export type FlowStep = {
  /** Counted from 1. */
  step: number;
  nodes: { event: string; count: number; share: number | null; drop_off?: number }[];
};

/** A name for every place: those who left and the merged rest come without one. */
export function placeName(place: FlowPlace): string {
  if (place.event !== "") return place.event;
  if (place.type === "DROPOFF") return LEFT;
  return place.type === "PRUNED" ? OTHERS : "(unnamed)";
}

const isRelative = (place: FlowPlace): boolean => place.anchorType.startsWith("RELATIVE");

/**
 * Everyone in the flow: the first column. A waypoint reached early (`RELATIVE_*`) stands again in its own column with the
 * full count, so it is left out where it would be counted twice.
 */
export function flowStart(steps: readonly (readonly FlowNode[])[]): number {
  return addUp((steps[0] ?? []).filter((node) => !isRelative(node)).map((node) => node.count));
}

/** `drop_off`: who left right after the node. DROPOFF nodes carry everyone who has left so far and have none of their own. */
export function flowSteps(steps: readonly (readonly FlowNode[])[]): FlowStep[] {
  const start = flowStart(steps);
  return steps.map((nodes, index) => ({
    step: index + 1,
    nodes: [...nodes].sort((a, b) => (b.count ?? 0) - (a.count ?? 0)).map((node) => flowNode(node, start)),
  }));
}

function flowNode(node: FlowNode, start: number): FlowStep["nodes"][number] {
  const shown = { event: placeName(node), count: node.count ?? 0, share: fraction(node.count, start) };
  if (node.type === "DROPOFF" || node.edges.length === 0) return shown;
  const left = node.edges.filter((edge) => edge.type === "DROPOFF").map((edge) => edge.count);
  return { ...shown, drop_off: addUp(left) };
}

/**
 * Transitions, most frequent first: from, to, count. A pair that occurs at several steps has a row for each: users cannot be added up.
 * Those who had left already do not move. `paths` are whole ways (`A -> B -> C`), of which the last event is the `to`.
 */
export function flowPaths(steps: readonly (readonly FlowNode[])[], paths: FlowsReply["paths"] = []): Table {
  const rows = steps.flatMap((nodes, index) =>
    nodes
      .filter((node) => node.type !== "DROPOFF")
      .flatMap((node) =>
        node.edges.map((edge): [string, string, number, number] => [
          placeName(node),
          placeName(edge),
          edge.count ?? 0,
          index + 1,
        ]),
      ),
  );
  for (const { path, count } of paths) {
    const names = path.split(/\s*(?:->|→)\s*/);
    rows.push([names.slice(0, -1).join(" -> "), names.at(-1) ?? "", count ?? 0, Math.max(1, names.length - 1)]);
  }
  rows.sort((a, b) => b[2] - a[2] || a[3] - b[3]);
  return { columns: ["from", "to", "count"], rows: rows.map(([from, to, count]): Cell[] => [from, to, count]) };
}

/** Mixpanel's overall rate where it is sent; otherwise Converted over everyone, from the conversion breakdown. */
export function flowConversion(reply: FlowsReply): number | null {
  if (reply.overallConversionRate !== null) return roundTo(reply.overallConversionRate, 4);
  const converted = reply.breakdowns.filter((part) => part.label.toLowerCase() === "converted");
  if (converted.length === 0) return null;
  return fraction(addUp(converted.map((part) => part.count)), addUp(reply.breakdowns.map((part) => part.count)));
}
