/** Which profiles: the same fields for fetch_profiles and stream_profiles. */
import { z } from "zod";
import { where } from "./params.ts";

const text = () => z.string().min(1);

export const profileFilters = () => ({
  where: where().optional(),
  cohort_id: z.int().optional(),
  distinct_id: text().optional(),
  distinct_ids: z.array(text()).optional(),
  output_properties: z.array(text()).optional().describe("only these"),
  group_id: z.int().optional().describe("group key id: groups, not users"),
  behaviors: z.array(z.record(z.string(), z.unknown())).optional(),
  as_of_timestamp: z.int().positive().optional(),
  include_all_users: z.boolean().optional().describe("cohort members without profile too"),
});
