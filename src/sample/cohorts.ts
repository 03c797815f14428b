/** Saved cohorts of the sample project; membership follows from the data. */
import type { SampleData, State } from "./data.ts";
import { DAY } from "./zone.ts";

export type SavedCohort = {
  id: number;
  name: string;
  description: string | null;
  /** Days before today. */
  created: number;
  visible: boolean;
  has(id: string, data: SampleData, state: State): boolean;
};

export const SAVED_COHORTS: SavedCohort[] = [
  {
    id: 61_001,
    name: "Power users",
    description: "3 orders or more in the last 90 days",
    created: 70,
    visible: true,
    has: (_id, _data, { orders }) => orders >= 3,
  },
  {
    id: 61_002,
    name: "Subscribers",
    description: "On a paid plan",
    created: 66,
    visible: true,
    has: (_id, _data, { plan }) => plan !== "free",
  },
  {
    id: 61_003,
    name: "Concierge onboarding",
    description: "Signed up in the week of the pilot",
    created: 42,
    visible: true,
    has: (id, data) => data.people.get(id)?.concierge ?? false,
  },
  {
    id: 61_004,
    name: "Quiet for 30 days",
    description: "",
    created: 30,
    visible: true,
    has: (_id, { zone, days }, { lastTime }) => lastTime > 0 && lastTime < zone.midnight(days.today) - 30 * DAY,
  },
  { id: 61_005, name: "Team members", description: null, created: 12, visible: false, has: () => false },
];

export function cohortMembers(data: SampleData, cohort: SavedCohort): Set<string> {
  const members = new Set<string>();
  for (const [id, state] of data.states) if (cohort.has(id, data, state)) members.add(id);
  return members;
}
