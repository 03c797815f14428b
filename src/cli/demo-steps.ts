/** The questions of the demo, each with the call that answers it. */
import {
  type Canvas,
  fetched,
  funnel,
  funnels,
  heatMap,
  listOf,
  names,
  number,
  oddDay,
  quotaLeft,
  type Result,
  series,
  sqlRows,
} from "./demo-show.ts";

export type Results = ReadonlyMap<string, Result>;

export type Step =
  | {
      kind: "tool";
      question: string;
      name: string;
      args(results: Results): Result;
      show(result: Result, canvas: Canvas): string[];
    }
  | { kind: "prompt"; question: string; name: string; args: Record<string, string> };

const tool = (
  question: string,
  name: string,
  args: Result | ((results: Results) => Result),
  show: (result: Result, canvas: Canvas) => string[],
): Step => ({ kind: "tool", question, name, args: typeof args === "function" ? args : () => args, show });

const sql = (question: string, lines: string[]) => tool(question, "sql", { query: lines.join("\n") }, sqlRows);

const firstFunnel = (results: Results) => number(listOf(results.get("list_funnels")?.["funnels"])[0]?.["funnel_id"]);

const LAST_30 = { from_date: "30 days ago", to_date: "yesterday" };

export function demoSteps(): Step[] {
  return [
    tool("What is tracked?", "list_events", {}, names),
    tool(
      "What happened last month, by plan?",
      "segmentation",
      { event: "Order Placed", ...LAST_30, on: "plan" },
      series,
    ),
    tool(
      "Orders looked odd one day. Which one?",
      "segmentation",
      { event: "Order Placed", from_date: "42 days ago", to_date: "yesterday" },
      oddDay,
    ),
    tool("Which funnels are saved?", "list_funnels", {}, funnels),
    tool(
      "How does the first one convert?",
      "funnel",
      (results) => ({ funnel_id: firstFunnel(results), ...LAST_30 }),
      funnel,
    ),
    tool(
      "Do new users come back, and which ones stay?",
      "retention",
      { born_event: "Sign Up", from_date: "70 days ago", to_date: "8 days ago", unit: "week", interval_count: 6 },
      heatMap,
    ),
    tool("Fetch the last 30 days, so that SQL answers the rest at no quota.", "fetch_events", LAST_30, fetched),
    ...sqlSteps(),
    {
      kind: "prompt",
      question: "How should an assistant go about retention here?",
      name: "retention_analysis",
      args: { event: "Sign Up" },
    },
    tool("What is left of the hour's quota?", "workspace_info", {}, quotaLeft),
  ];
}

/** On the events that were fetched. */
function sqlSteps(): Step[] {
  return [
    sql("Who are the best customers?", [
      "SELECT distinct_id, count(*) AS orders,",
      "       round(sum(properties->>'$.amount'), 2) AS revenue",
      "FROM events WHERE event_name = 'Order Placed'",
      "GROUP BY 1 ORDER BY revenue DESC LIMIT 5",
    ]),
    sql("What does an order bring, by plan and device?", [
      "SELECT properties->>'$.plan' AS plan, properties->>'$.$device' AS device,",
      "       count(*) AS orders, round(median(properties->>'$.amount'), 2) AS median",
      "FROM events WHERE event_name = 'Order Placed'",
      "GROUP BY 1, 2 ORDER BY 1, 2",
    ]),
    sql("Orders a day against the week before it: how deep was the odd day?", [
      "WITH daily AS (",
      "  SELECT date(event_time) AS day, count(*) AS orders",
      "  FROM events WHERE event_name = 'Order Placed' GROUP BY 1",
      "), compared AS (",
      "  SELECT day, orders, avg(orders) OVER (",
      "    ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING) AS week_before",
      "  FROM daily",
      ")",
      "SELECT day, orders, round(week_before, 1) AS week_before,",
      "       round(orders / week_before, 2) AS ratio",
      "FROM compared WHERE ratio IS NOT NULL ORDER BY ratio LIMIT 5",
    ]),
  ];
}
