/** Every tool, explicitly, by toolset, in the order the model should see them. */
import { activityFeed } from "./activity_feed.ts";
import { columnStats } from "./column_stats.ts";
import { createTable } from "./create_table.ts";
import { dropAllTables } from "./drop_all_tables.ts";
import { dropTable } from "./drop_table.ts";
import { eventBreakdown } from "./event_breakdown.ts";
import { eventCounts } from "./event_counts.ts";
import { exportTable } from "./export_table.ts";
import { fetchCancel } from "./fetch_cancel.ts";
import { fetchEvents } from "./fetch_events.ts";
import { fetchProfiles } from "./fetch_profiles.ts";
import { fetchStatus } from "./fetch_status.ts";
import { frequency } from "./frequency.ts";
import { funnel } from "./funnel.ts";
import { guide } from "./guide.ts";
import { jql } from "./jql.ts";
import { lexiconSchemas } from "./lexicon_schemas.ts";
import { listAnnotations } from "./list_annotations.ts";
import { listBookmarks } from "./list_bookmarks.ts";
import { listCohorts } from "./list_cohorts.ts";
import { listEvents } from "./list_events.ts";
import { listFunnels } from "./list_funnels.ts";
import { listProperties } from "./list_properties.ts";
import { listPropertyValues } from "./list_property_values.ts";
import { listTables } from "./list_tables.ts";
import { propertyCounts } from "./property_counts.ts";
import { propertyKeys } from "./property_keys.ts";
import { queryFlows } from "./query_flows.ts";
import { querySavedReport } from "./query_saved_report.ts";
import { retention } from "./retention.ts";
import { sample } from "./sample.ts";
import { segmentation } from "./segmentation.ts";
import { segmentationAverage } from "./segmentation_average.ts";
import { segmentationNumeric } from "./segmentation_numeric.ts";
import { segmentationSum } from "./segmentation_sum.ts";
import { sql } from "./sql.ts";
import { sqlScalar } from "./sql_scalar.ts";
import { streamEvents } from "./stream_events.ts";
import { streamProfiles } from "./stream_profiles.ts";
import { summarize } from "./summarize.ts";
import { tableSchema } from "./table_schema.ts";
import type { AnyTool } from "./tool.ts";
import { topEvents } from "./top_events.ts";
import { workspaceInfo } from "./workspace_info.ts";

export const ALL_TOOLS: readonly AnyTool[] = [
  // discovery
  listEvents,
  listProperties,
  listPropertyValues,
  listFunnels,
  listCohorts,
  listBookmarks,
  topEvents,
  lexiconSchemas,
  listAnnotations,
  workspaceInfo,
  // query
  segmentation,
  segmentationNumeric,
  segmentationSum,
  segmentationAverage,
  eventCounts,
  propertyCounts,
  funnel,
  retention,
  frequency,
  activityFeed,
  jql,
  querySavedReport,
  queryFlows,
  // fetch
  fetchEvents,
  fetchProfiles,
  fetchStatus,
  fetchCancel,
  streamEvents,
  streamProfiles,
  // local
  sql,
  createTable,
  sqlScalar,
  listTables,
  tableSchema,
  sample,
  summarize,
  eventBreakdown,
  propertyKeys,
  columnStats,
  dropTable,
  dropAllTables,
  exportTable,
  // guide
  guide,
];
