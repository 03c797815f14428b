import { type Guide, tablesLine } from "./guide.ts";

export const localAnalysisWorkflow: Guide = {
  name: "local_analysis_workflow",
  title: "Fetch once, then analyse with SQL",
  description: "Download raw events or profiles into local tables and query them with SQL at no quota.",
  arguments: [],
  text: (known) => `# Fetch once, then SQL

${tablesLine(known)}

1. **What is here.** \`list_tables()\`: days covered, filters, \`status\`. Use a table that already holds the period.
2. **Estimate.** \`fetch_events(from_date="30 days ago", to_date="yesterday", estimate_only=true)\`: rows, minutes, requests. Too much? Give \`events=[...]\`; that is the filter that helps most.
3. **Fetch.** \`fetch_events(from_date="30 days ago", to_date="yesterday", table="events")\`. Status \`running\`: \`fetch_status(job_id="...", wait_seconds=45)\`. \`partial\` or \`interrupted\`: the same call with \`mode="resume"\` loads only what is missing. More days later: \`mode="append"\`. People: \`fetch_profiles(table="profiles")\`.
4. **Look before counting.** \`event_breakdown(table="events")\`, \`table_schema(table="events")\`, \`sample(table="events")\`, \`column_stats(table="events", column="plan")\`.
5. **Ask.** SQLite dialect, one SELECT, 100 rows unless \`limit\`:
\`\`\`sql
SELECT date(event_time) AS day, properties->>'$.plan' AS plan,
       count(*) AS events, count(DISTINCT distinct_id) AS users
FROM events WHERE event_name = 'Sign Up' GROUP BY 1, 2 ORDER BY 1
\`\`\`
   Names with \`$\` or spaces: \`properties->>'$."$os"'\`. \`median(x)\`, \`percentile(x, 90)\`, \`regexp\`, window functions work. Join people: \`JOIN profiles USING (distinct_id)\`.
6. **Keep.** \`create_table(table="weekly", query="SELECT ...")\` for steps used again; \`export_table(table="weekly")\` for a file.
7. **Reconcile once.** The same count by \`segmentation\` for one day: a few percent apart is late data or time zone; more needs an explanation.

Traps:
- \`event_time\` is UTC; the project's days may not be (\`timezone\` in \`list_tables\`): shift before grouping by day, e.g. \`date(event_time, '-8 hours')\`.
- The last 5 days still grow: phones send late. Fetch them again before comparing.
- A filtered table answers only for its \`events\` and \`where\`; a \`partial\` one has holes (\`missing_ranges\`).
- One person may have an anonymous id before login and another after: users counted here can exceed Mixpanel's merged count.
- A missing property is NULL: \`count(x)\` skips it, \`avg\` too. Numbers sent as text sort as text: \`CAST(... AS REAL)\`.
- A join on profiles gives today's plan, not the plan at the time of the event.`,
};
