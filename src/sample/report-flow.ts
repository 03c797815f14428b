/** The flat definition of a flows report. */
import { z } from "zod";
import { paramsError } from "./report-parts.ts";
import { DAY, parseDay } from "./zone.ts";

const flowShape = z.looseObject({
  steps: z.array(z.looseObject({ event: z.string(), forward: z.number().optional() })).min(1),
  date_range: z.looseObject({ type: z.string(), from_date: z.unknown().optional(), to_date: z.unknown().optional() }),
  cardinality_threshold: z.number().min(1).max(50).optional(),
  collapse_repeated: z.boolean().optional(),
  hidden_events: z.array(z.string()).optional(),
  conversion_window: z.looseObject({ unit: z.string(), value: z.number() }).optional(),
});

const windowShape = z.looseObject({ unit: z.string(), value: z.number() });
const DAYS: Record<string, number> = { day: 1, week: 7, month: 30 };

export type FlowParams = {
  steps: { event: string }[];
  /** Columns after the anchor's. */
  forward: number;
  date_range: { from?: number | undefined; to?: number | undefined; days: number };
  cardinality_threshold: number;
  collapse_repeated: boolean;
  hidden_events: string[];
  windowSeconds: number;
};

export function readFlow(definition: unknown): FlowParams {
  const parsed = flowShape.safeParse(definition);
  if (!parsed.success) throw paramsError(`bookmark: ${parsed.error.issues[0]?.message ?? "invalid"}`);
  const { steps, date_range: range, conversion_window: window, ...rest } = parsed.data;
  const forward = steps.reduce((sum, step) => sum + (step.forward ?? 0), 0);
  if (forward < 1) throw paramsError("steps: at least one step must look forward");
  const relative = windowShape.safeParse(range.from_date);
  const day = (value: unknown) => (typeof value === "string" ? parseDay(value.slice(0, 10)) : undefined);
  return {
    steps,
    forward: Math.min(forward, 10),
    date_range: {
      from: day(range.from_date),
      to: day(range.to_date),
      days: relative.success ? Math.max(1, Math.round(relative.data.value * (DAYS[relative.data.unit] ?? 1))) : 30,
    },
    cardinality_threshold: rest.cardinality_threshold ?? 3,
    collapse_repeated: rest.collapse_repeated ?? false,
    hidden_events: rest.hidden_events ?? [],
    windowSeconds: (window?.value ?? 7) * (DAYS[window?.unit ?? "day"] ?? 1) * DAY,
  };
}
