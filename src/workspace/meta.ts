/** What every live reply says about itself: source, range, unfinished buckets, quota. */
import type { PoolState } from "../mixpanel/api.ts";
import { utcTime } from "./times.ts";
import type { Workspace } from "./workspace.ts";

export type Meta = {
  source: "live" | "local";
  project_id: string;
  /** The range as resolved: days in the project's time zone, both ends included. */
  from_date?: string;
  to_date?: string;
  timezone?: string;
  /** ISO 8601 with zone. */
  computed_at: string;
  /** Labels of buckets that are not over yet: their numbers will grow. */
  in_progress: string[];
  quota: PoolState;
  report_url?: string;
  notes: string[];
};

export type MetaFacts = {
  from_date?: string;
  to_date?: string;
  timezone?: string;
  inProgress?: string[];
  notes?: string[];
  /** When Mixpanel computed the answer, where it says so (`2026-03-03T07:45:10.310075+00:00`); default now. */
  computedAt?: string;
  reportUrl?: string;
};

export function liveMeta(workspace: Workspace, facts: MetaFacts): Meta {
  const api = workspace.api();
  return {
    source: "live",
    project_id: api.projectId,
    from_date: facts.from_date,
    to_date: facts.to_date,
    timezone: facts.timezone,
    computed_at: utcTime(facts.computedAt ?? new Date().toISOString()),
    in_progress: facts.inProgress ?? [],
    quota: api.quota().query,
    report_url: facts.reportUrl,
    notes: [...(facts.notes ?? []), ...api.notes()],
  };
}
