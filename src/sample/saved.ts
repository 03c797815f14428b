/** What people saved in the sample project: funnels and other reports. The ids of funnel reports and funnels coincide. */
import { OUTAGE_DAYS_AGO } from "./people.ts";

export type SavedFunnel = { id: number; name: string; steps: { event: string; label?: string }[]; windowDays: number };

export const SAVED_FUNNELS: SavedFunnel[] = [
  {
    id: 51_230_011,
    name: "Checkout",
    steps: [
      { event: "Product Viewed" },
      { event: "Added to Cart" },
      { event: "Checkout Started" },
      { event: "Order Placed" },
    ],
    windowDays: 7,
  },
  {
    id: 51_230_012,
    name: "Activation",
    steps: [{ event: "Sign Up" }, { event: "Onboarding Completed" }, { event: "Order Placed" }],
    windowDays: 14,
  },
  {
    id: 51_230_013,
    name: "Search to order",
    steps: [{ event: "Search Performed" }, { event: "Product Viewed" }, { event: "Order Placed" }],
    windowDays: 1,
  },
  {
    id: 51_230_014,
    name: "From order to subscription",
    steps: [{ event: "Order Placed" }, { event: "$custom_event:555", label: "Paid Order" }],
    windowDays: 30,
  },
];

const event = (name: string, filters: object[] = []) => ({
  type: "event",
  id: null,
  name,
  resourceType: "events",
  filters,
  filtersDeterminer: "all",
});

const metric = (behavior: object, measurement: object, extra: object = {}) => ({
  type: "metric",
  behavior,
  measurement,
  ...extra,
});

const lastDays = (value: number, unit = "day") => [
  { dateRangeType: "in the last", unit, window: { unit: "day", value } },
];

const breakdown = (value: string, resourceType = "events") => ({
  value,
  propertyName: value,
  resourceType,
  propertyType: "string",
  propertyDefaultType: "string",
});

function insights(show: object[], time: object[], chartType: string, group: object[] = [], filter: object[] = []) {
  return { sections: { show, time, group, filter }, displayOptions: { chartType, analysis: "linear" } };
}

function funnelParams({ steps, windowDays }: SavedFunnel) {
  const behavior = {
    type: "funnel",
    resourceType: "events",
    behaviors: steps.map(({ event: name, label }) => ({
      ...event(name),
      funnelOrder: "loose",
      ...(label ? { renamed: label } : {}),
    })),
    funnelOrder: "loose",
    conversionWindowDuration: windowDays,
    conversionWindowUnit: "day",
    exclusions: [],
    aggregateBy: [],
    filters: [],
  };
  return insights([metric(behavior, { math: "conversion_rate_unique", property: null })], lastDays(30), "funnel-steps");
}

function retentionParams(born: string, back: string, group: object[] = []) {
  const behavior = {
    type: "retention",
    resourceType: "events",
    behaviors: [event(born), event(back)],
    retentionUnit: "week",
    retentionAlignmentType: "birth",
    retentionCustomBucketSizes: [],
    filter: [],
  };
  return insights([metric(behavior, { math: "retention_rate" })], lastDays(84, "week"), "retention-curve", group);
}

function flowParams(steps: { event: string; forward: number }[]) {
  return {
    steps: steps.map((step) => ({
      ...step,
      step_label: step.event,
      reverse: 0,
      bool_op: "and",
      property_filter_params_list: [],
    })),
    date_range: { type: "in the last", from_date: { unit: "day", value: 30 }, to_date: "$now" },
    chartType: "sankey",
    flows_merge_type: "graph",
    count_type: "unique",
    cardinality_threshold: 4,
    version: 2,
    conversion_window: { unit: "day", value: 7 },
    anchor_position: 1,
    collapse_repeated: true,
    show_custom_events: true,
    hidden_events: [],
    exclusions: [],
    filter_by_cohort: "{}",
  };
}

export type SavedReport = {
  id: number;
  name: string;
  type: "insights" | "funnels" | "retention" | "flows" | "launch-analysis";
  description: string | null;
  /** Days before today. */
  created: number;
  creator: string | null;
  params: Record<string, unknown>;
};

const ORDERS = event("Order Placed");

export const SAVED_REPORTS: SavedReport[] = [
  {
    id: 51_230_001,
    name: "Daily orders",
    type: "insights",
    description: `One line: orders per day. Something happened ${OUTAGE_DAYS_AGO} days ago.`,
    created: 80,
    creator: "Ana",
    params: insights([metric(ORDERS, { math: "total" }, { name: "Orders" })], lastDays(60), "line"),
  },
  {
    id: 51_230_002,
    name: "Buyers by plan",
    type: "insights",
    description: "",
    created: 71,
    creator: "Ana",
    params: insights([metric(ORDERS, { math: "unique" })], lastDays(30), "bar", [breakdown("plan")]),
  },
  {
    id: 51_230_003,
    name: "Weekly revenue and orders",
    type: "insights",
    description: null,
    created: 64,
    creator: "Kenji",
    params: insights(
      [
        metric(ORDERS, { math: "total", property: { name: "amount", resourceType: "events" } }, { name: "Revenue" }),
        metric(ORDERS, { math: "total" }),
        { type: "formula", name: "Revenue per order", definition: "A / B", measurement: {}, referencedMetrics: [] },
      ],
      lastDays(84, "week"),
      "line",
    ),
  },
  {
    id: 51_230_004,
    name: "Sign-ups by device and country",
    type: "insights",
    description: "Two breakdowns",
    created: 40,
    creator: null,
    params: insights([metric(event("Sign Up"), { math: "total" })], lastDays(30), "table", [
      breakdown("$device"),
      breakdown("mp_country_code"),
    ]),
  },
  ...SAVED_FUNNELS.map(
    (funnel, index): SavedReport => ({
      id: funnel.id,
      name: funnel.name,
      type: "funnels",
      description: index === 0 ? "From a look to an order" : "",
      created: 75 - 6 * index,
      creator: "Priya",
      params: funnelParams(funnel),
    }),
  ),
  {
    id: 51_230_021,
    name: "Do new people come back?",
    type: "retention",
    description: "Sign-ups by week; one week stands out",
    created: 38,
    creator: "Priya",
    params: retentionParams("Sign Up", "$all_events"),
  },
  {
    id: 51_230_022,
    name: "Second orders by plan",
    type: "retention",
    description: "",
    created: 20,
    creator: "Ana",
    params: retentionParams("Order Placed", "Order Placed", [breakdown("plan")]),
  },
  {
    id: 51_230_031,
    name: "After a product page",
    type: "flows",
    description: "",
    created: 33,
    creator: "Kenji",
    params: flowParams([{ event: "Product Viewed", forward: 3 }]),
  },
  {
    id: 51_230_032,
    name: "From checkout to order",
    type: "flows",
    description: "Two waypoints",
    created: 22,
    creator: "Kenji",
    params: flowParams([
      { event: "Checkout Started", forward: 2 },
      { event: "Order Placed", forward: 0 },
    ]),
  },
  {
    id: 51_230_041,
    name: "Concierge onboarding launch",
    type: "launch-analysis",
    description: "Before and after",
    created: 45,
    creator: "Priya",
    params: insights([metric(event("Onboarding Completed"), { math: "unique" })], lastDays(30), "line"),
  },
];
