import { type Guide, namedEvent } from "./guide.ts";
import { sqlText } from "./quote.ts";

export const growthAccounting: Guide = {
  name: "growth_accounting",
  title: "Growth accounting",
  description: "Split active users per week into new, retained, resurrected and churned, from raw events with SQL.",
  arguments: [{ name: "acquisition_event", description: "the event by which a user is new", completes: "events" }],
  text(known, given) {
    const { event, hint } = namedEvent(known, given["acquisition_event"]);
    const acquisition = sqlText(given["acquisition_event"], "ACQ");
    return `# Growth accounting

New users are those who did ${event}.${hint}

1. **Active means value.** Choose the events that count as active (\`top_events()\`, \`list_events()\`); a push received is not activity.
2. **Data.** Twelve whole weeks and four before them: \`fetch_events(from_date="112 days ago", to_date="yesterday", events=[${event}, "..."], table="growth")\`. The first weeks only serve to know who existed before.
3. **Split.** ${acquisition === "ACQ" ? "Put the event's name where it says ACQ (a quote inside it doubled)" : "Weeks start on Monday"}:
\`\`\`sql
WITH active AS (SELECT DISTINCT distinct_id, date(event_time, 'weekday 0', '-6 days') AS week
                FROM growth WHERE event_time IS NOT NULL AND distinct_id <> ''),
born AS (SELECT distinct_id, min(date(event_time, 'weekday 0', '-6 days')) AS week
         FROM growth WHERE event_name = '${acquisition}' GROUP BY 1),
seen AS (SELECT a.distinct_id, a.week, b.week AS born,
         lag(a.week) OVER (PARTITION BY a.distinct_id ORDER BY a.week) AS before,
         lead(a.week) OVER (PARTITION BY a.distinct_id ORDER BY a.week) AS after
         FROM active a LEFT JOIN born b USING (distinct_id) WHERE b.week IS NULL OR a.week >= b.week),
moves AS (SELECT week, CASE WHEN week = born THEN 'new' WHEN before = date(week, '-7 days') THEN 'retained'
                       ELSE 'resurrected' END AS kind FROM seen
          UNION ALL SELECT date(week, '+7 days'), 'churned' FROM seen
          WHERE after IS NULL OR after > date(week, '+7 days'))
SELECT week, count(*) FILTER (WHERE kind <> 'churned') AS active,
       count(*) FILTER (WHERE kind = 'new') AS new, count(*) FILTER (WHERE kind = 'retained') AS retained,
       count(*) FILTER (WHERE kind = 'resurrected') AS resurrected, count(*) FILTER (WHERE kind = 'churned') AS churned
FROM moves GROUP BY week ORDER BY week
\`\`\`
4. **Check.** active = new + retained + resurrected; retained + churned = last week's active. If not, stop.
5. **Read.** Quick ratio = (new + resurrected) / churned: above 1 grows. Retained / last week's active is the health; new alone is marketing. Growth that is all resurrected is a campaign or a season.

Traps: the first four weeks show old users as resurrected, and the current week is unfinished (its churned too): drop both. Weeks are UTC. An anonymous id before login makes one person two: new and churned both too high; use events after login only. Late data shrinks churn of the last days for about 5 days. Never add weekly users into a month.

Answer with the last eight whole weeks as a table, quick ratio, what drives the change, and how sure.`;
  },
};
