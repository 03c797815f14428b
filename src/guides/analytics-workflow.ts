import { eventsLine, type Guide, tablesLine } from "./guide.ts";

export const analyticsWorkflow: Guide = {
  name: "analytics_workflow",
  title: "Answer an analytics question",
  description: "From a question to a number that can be defended: which tool, in which order, and how to read it.",
  arguments: [],
  text: (known) => `# Answering an analytics question

${eventsLine(known)} ${tablesLine(known)}

1. **Frame.** Users or events? Which event, which period, compared with what? Say it back in one line before querying.
2. **Names, never guesses.** \`list_events(search="...")\`, \`list_properties(event="...")\`, \`list_property_values(event="...", property="...")\`; \`lexicon_schemas()\` for what they mean.
3. **The cheapest tool that answers.**
   - How many, over time, by a property: \`segmentation(event="...", from_date="28 days ago", to_date="yesterday", unit="day", type="unique", on="...")\`. Several events side by side: \`event_counts\`. Share of each value: \`property_counts\`. A number: \`segmentation_sum\`, \`segmentation_average\`, \`segmentation_numeric\`.
   - Conversion: \`funnel\`. Coming back: \`retention\`. How often: \`frequency\`. One person: \`activity_feed\`. A report that exists: \`list_bookmarks\`, then \`query_saved_report\` or \`query_flows\`.
   - Joins, own definitions, or more than about five questions on one period: \`fetch_events\` once, then \`sql\`, which costs no quota (topic \`local_analysis_workflow\`).
4. **Budget.** Live queries share 60 an hour over everybody in the project; \`meta.quota\` says what is left. One call with \`on\` beats ten with \`where\`.
5. **Read.**
   - \`meta.in_progress\` names buckets that are not over: leave them out of every trend.
   - Unique users do not add up, neither over days nor over segments. For a period, ask again with a larger \`unit\`.
   - No average of averages: divide total by total.
   - Compare whole weeks with whole weeks; \`list_annotations\` knows releases and outages.
   - Under about 100 users a share is uncertain by 10 points: say so or leave it out.
   - \`truncated: true\` means there is more; other segments exist.
6. **Doubt.** Reach the number by a second route (another tool, or \`sql\`). A sudden jump is tracking until shown otherwise: topic \`data_quality_audit\`.
7. **Answer** with the number, the period, the definition, the comparison, how sure you are, and the one question worth asking next.`,
};
