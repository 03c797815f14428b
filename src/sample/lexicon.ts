/** What the team of the sample project wrote down about its events and properties. A few were never described. */
import type { SampleData } from "./data.ts";

type PropertyText = { description: string; display?: string; hidden?: boolean };

const EVENTS: Record<string, { description: string; display?: string; tags?: string[]; hidden?: boolean }> = {
  "Sign Up": { description: "An account was created", tags: ["core", "growth"] },
  "Onboarding Completed": { description: "All steps of the welcome tour were done", tags: ["growth"] },
  "Page Viewed": { description: "Any page of the shop", display: "Page view" },
  "Search Performed": { description: "The search box was used" },
  "Product Viewed": { description: "A product page was opened", tags: ["shop"] },
  "Added to Cart": { description: "A product was put into the cart", tags: ["shop"] },
  "Checkout Started": { description: "The checkout page was opened", tags: ["shop"] },
  "Order Placed": { description: "Fired on payment success", tags: ["core", "shop"] },
  "Payment Failed": { description: "The payment gateway refused or did not answer", tags: ["shop", "incident"] },
  "Subscription Started": { description: "A paid plan began", tags: ["core"] },
  "Subscription Renewed": { description: "A paid plan was charged again", tags: ["core"] },
  "Subscription Cancelled": { description: "A paid plan ended", tags: ["core"] },
  $identify: { description: "", hidden: true },
};

const PROPERTIES: Record<string, PropertyText> = {
  plan: { description: "Plan of the account at that moment: free, basic, pro, team", display: "Plan" },
  amount: { description: "Gross amount in USD", display: "Amount" },
  items: { description: "SKUs in the order" },
  coupon: { description: "Coupon code, null when none was tried" },
  discount: { description: "Number, text like 10%, or false: teams never agreed" },
  address: { description: "Where the box goes" },
  sku: { description: "Product number" },
  category: { description: "coffee, tea, equipment or gift" },
  price: { description: "Unit price, or monthly price of a plan, in USD" },
  onboarding: { description: "concierge in the week of the pilot, else self-serve" },
  utm_source: { description: "Where the visit came from" },
  error: { description: "Why the payment failed" },
  mp_processing_time_ms: { description: "", hidden: true },
};

const PROFILE: Record<string, PropertyText> = {
  plan: { description: "Current plan" },
  orders: { description: "Orders so far" },
  lifetime_value: { description: "Sum of all orders in USD", display: "Lifetime value" },
  tags: { description: "vip, concierge, beta" },
};

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value;
}

function property(text: PropertyText, value: unknown) {
  return {
    type: typeOf(value),
    description: text.description,
    metadata: {
      "com.mixpanel": {
        ...(text.display ? { displayName: text.display } : {}),
        hidden: text.hidden ?? false,
        dropped: false,
      },
    },
  };
}

/** The described properties some of these rows have, typed by the first value that is not null. */
function described(rows: Iterable<Record<string, unknown>>, texts: Record<string, PropertyText>) {
  const found = new Map<string, unknown>();
  for (const row of rows) {
    for (const name in texts) {
      const value = row[name];
      if (value !== undefined && (found.get(name) ?? null) === null) found.set(name, value);
    }
  }
  return Object.fromEntries(
    [...found].map(([name, value]) => [name, property(texts[name] ?? { description: "" }, value)]),
  );
}

const ROWS_LOOKED_AT = 200;

/** Entries as `/schemas` answers them. */
export function lexicon(data: SampleData) {
  const events = Object.entries(EVENTS).map(([name, { description, display, tags, hidden }]) => ({
    entityType: "event",
    name,
    schemaJson: {
      ...(description ? { description } : {}),
      properties: described(
        (data.byName.get(name) ?? []).slice(0, ROWS_LOOKED_AT).map((event) => event.properties),
        PROPERTIES,
      ),
      metadata: {
        "com.mixpanel": {
          $source: "api",
          displayName: display ?? name,
          tags: tags ?? [],
          hidden: hidden ?? false,
          dropped: false,
          contacts: ["ana@beanandbox.example"],
          teamContacts: [],
        },
      },
    },
  }));
  const profile = {
    entityType: "profile",
    name: "$user",
    schemaJson: {
      properties: described(
        data.profiles.slice(0, ROWS_LOOKED_AT).map((each) => each.properties),
        PROFILE,
      ),
    },
  };
  return [...events, profile];
}
