import { type Guide, namedEvent } from "./guide.ts";

export const retentionAnalysis: Guide = {
  name: "retention_analysis",
  title: "Analyse retention",
  description:
    "Who comes back after an event, how the curve flattens, which cohorts differ, and what that does not prove.",
  arguments: [{ name: "event", description: "the event that starts a user's life", completes: "events" }],
  text(known, given) {
    const { event, hint } = namedEvent(known, given["event"]);
    return `# Retention after ${event}

Start event: ${event}.${hint}

1. **Define coming back.** Any event flatters: opening the app is not value. Choose the action that shows the product worked (\`top_events()\`, \`list_events()\`) and give it as \`return_event\`. Daily product: \`unit="day"\`; weekly habit: \`unit="week"\`.
2. **The curve.** \`retention(born_event=${event}, return_event="...", from_date="70 days ago", to_date="8 days ago", unit="week", interval_count=8)\`. Read \`average\` (weighted by cohort size, only cohorts old enough): what matters is whether it flattens and at which share. Falling to zero means no product for these people; a plateau is the real user base.
3. **Cohorts.** In \`cohorts\`, compare down a column: the same age for different weeks. Blank cells are not reached yet, not zero. A newer cohort better at week 1 only may still end the same.
4. **For whom.** \`retention(..., on="...")\` breaks down the returning event; to split by who the user was at the start, run it twice with \`born_where\`, e.g. \`born_where='properties["plan"] == "pro"'\`.
5. **How deep.** \`frequency(event="...", from_date="28 days ago", to_date="yesterday", unit="week", addiction_unit="day")\`: on how many days a week the stayers use it.
6. **What goes with staying.** \`fetch_events\` for ${event} and candidate first-week actions, then \`sql\`: return rate of those who did each action within 7 days against those who did not.

Traps:
- \`birth\` means first time within the asked range: an old user who did ${event} again counts as new unless the event can happen once only. \`compounded\` counts every repeat as a start.
- Interval 0 is the first 24 hours (or week) and is not retention; one late event keeps someone "alive" in that interval only, so shares may rise again.
- Weekly cohorts under about 100 people: +-10 points. Pool several weeks before calling a change.
- Who did the "magic" action was keener before: only an experiment shows it causes anything (topic \`experiment_analysis\`).
- Cohorts of campaign weeks and holidays differ in mix; check \`segmentation(event=${event}, ..., on="utm_source")\`.

Answer with share at week 1, 4 and the plateau, cohort sizes, which cohorts moved and the likely cause as a hypothesis.`;
  },
};
