import { type Guide, namedEvent, tablesLine } from "./guide.ts";

export const dataQualityAudit: Guide = {
  name: "data_quality_audit",
  title: "Audit an event's data",
  description:
    "Is an event tracked completely, once, with the right properties and ids, before anybody trusts its numbers?",
  arguments: [{ name: "event", description: "the event to audit", completes: "events" }],
  text(known, given) {
    const { event, hint } = namedEvent(known, given["event"]);
    return `# Data quality of ${event}

Event: ${event}.${hint} ${tablesLine(known)}

1. **Meaning.** \`lexicon_schemas(entity_type="event", name=${event})\`: what it should hold. \`list_events(search="...")\` for twins: other case, plural, old and new name side by side.
2. **Volume.** \`segmentation(event=${event}, from_date="56 days ago", to_date="yesterday", unit="day")\` and again with \`type="unique"\`. Compare the same weekday: a lasting step is a release, a hole an outage, doubled events per user double firing. \`list_annotations(from_date="56 days ago")\` may explain it. Skip \`meta.in_progress\`.
3. **Where.** \`segmentation(event=${event}, from_date="28 days ago", to_date="yesterday", unit="week", on="$lib_version")\`, then \`on="$os"\`: the platform missing or doubled is the culprit.
4. **Raw.** \`fetch_events(from_date="14 days ago", to_date="yesterday", events=[${event}], table="audit")\`. Its \`duplicates\` (already merged) and \`rejected\` are findings.
5. **Properties.** \`property_keys(table="audit")\`: \`coverage\` below 1 on a required one; \`table_schema(table="audit")\`: two \`types\` in one property ("12" and 12); \`column_stats(table="audit", column="...")\` for impossible values, "undefined", test accounts.
6. **Ids and time:**
\`\`\`sql
SELECT count(*) AS events, count(DISTINCT distinct_id) AS users,
  sum(coalesce(distinct_id, '') IN ('', 'null', 'undefined', '0', 'anonymous')) AS bad_ids,
  sum(event_time IS NULL) AS no_time, sum(event_time > datetime('now', '+1 day')) AS future,
  sum(insert_id IS NULL) AS no_insert_id,
  sum((properties->>'$.mp_processing_time_ms') / 1000 - unixepoch(event_time) > 86400) AS late_over_a_day
FROM audit
\`\`\`
   and the heaviest ids: \`SELECT distinct_id, count(*) AS n FROM audit GROUP BY 1 ORDER BY 2 DESC LIMIT 10\`; one with 5% of all is a server, a bot or shared.
7. **Double firing:** same \`distinct_id\` and second, different \`insert_id\`: \`SELECT count(*) FROM (SELECT 1 FROM audit GROUP BY distinct_id, event_time HAVING count(DISTINCT insert_id) > 1)\`.

Traps: a sampled or filtered table proves nothing about the rest; the last 5 days are incomplete; in a project with local time, events look late by its offset; a NULL property may mean "not applicable".

Answer as a table: check, finding, share of events, since when, who fixes it, usable meanwhile or not.`;
  },
};
