/** The made-up shop: "Bean & Box", coffee by subscription. Everything a person of the sample project can be or do. */

export const PROJECT_NAME = "Bean & Box (sample)";

export type Product = { sku: string; name: string; category: string; price: number };
export const PRODUCTS: readonly [Product, ...Product[]] = [
  { sku: "BB-101", name: "House Blend ☕", category: "coffee", price: 12.5 },
  { sku: "BB-102", name: "Ethiopia Yirgacheffe", category: "coffee", price: 16.9 },
  { sku: "BB-103", name: "Café de Olla", category: "coffee", price: 14.25 },
  { sku: "BB-104", name: 'Decaf "Midnight"', category: "coffee", price: 13.75 },
  { sku: "BB-201", name: "Sencha 煎茶", category: "tea", price: 11 },
  { sku: "BB-202", name: "Earl Grey", category: "tea", price: 9.5 },
  { sku: "BB-301", name: "Pour-over kit", category: "equipment", price: 39 },
  { sku: "BB-302", name: "Hand grinder", category: "equipment", price: 64 },
  { sku: "BB-303", name: "Espresso machine", category: "equipment", price: 289 },
  { sku: "BB-401", name: "Gift card", category: "gift", price: 25 },
];

export type Place = { country: string; region: string; city: string; timezone: string; zip: string };
export const PLACES: readonly (readonly [Place, number])[] = [
  [{ country: "US", region: "Texas", city: "Austin", timezone: "America/Chicago", zip: "78701" }, 14],
  [{ country: "US", region: "New York", city: "New York", timezone: "America/New_York", zip: "10001" }, 18],
  [{ country: "US", region: "California", city: "San José", timezone: "America/Los_Angeles", zip: "95113" }, 12],
  [{ country: "GB", region: "England", city: "London", timezone: "Europe/London", zip: "EC1A 1BB" }, 13],
  [{ country: "DE", region: "Bayern", city: "München", timezone: "Europe/Berlin", zip: "80331" }, 11],
  [{ country: "DE", region: "Berlin", city: "Berlin", timezone: "Europe/Berlin", zip: "10115" }, 8],
  [{ country: "FR", region: "Île-de-France", city: "Paris", timezone: "Europe/Paris", zip: "75001" }, 8],
  [{ country: "BR", region: "São Paulo", city: "São Paulo", timezone: "America/Sao_Paulo", zip: "01001-000" }, 7],
  [{ country: "JP", region: "Tokyo", city: "東京", timezone: "Asia/Tokyo", zip: "100-0001" }, 5],
  [{ country: "IN", region: "Karnataka", city: "Bengaluru", timezone: "Asia/Kolkata", zip: "560001" }, 4],
];

export type Device = { browser: string; os: string; device: string; width: number; lib: string };
export const DEVICES: readonly (readonly [Device, number])[] = [
  [{ browser: "Chrome", os: "Windows", device: "desktop", width: 1920, lib: "web" }, 26],
  [{ browser: "Chrome", os: "Android", device: "mobile", width: 412, lib: "web" }, 20],
  [{ browser: "Safari", os: "Mac OS X", device: "desktop", width: 1440, lib: "web" }, 16],
  [{ browser: "Mobile Safari", os: "iOS", device: "mobile", width: 390, lib: "web" }, 24],
  [{ browser: "Firefox", os: "Linux", device: "desktop", width: 1920, lib: "web" }, 7],
  [{ browser: "Edge", os: "Windows", device: "desktop", width: 1536, lib: "web" }, 7],
];

export const CHANNELS: readonly (readonly [string | undefined, number])[] = [
  ["google", 30],
  ["newsletter", 14],
  ["instagram", 16],
  ["partner", 6],
  [undefined, 34],
];
export const CAMPAIGNS: Record<string, readonly [string, ...string[]]> = {
  google: ["brand", "coffee-near-me", "gift ideas"],
  newsletter: ["weekly", "win-back"],
  instagram: ["latte-art", "été ☀️"],
  partner: ["Roasters & Co."],
};

export const SEARCHES: readonly [string, ...string[]] = [
  "espresso",
  "decaf",
  "café",
  "gift",
  "thé vert",
  "grinder",
  "☕ beans",
  "煎茶",
];
export const TICKETS: readonly [string, ...string[]] = ["delivery", "billing", "product", "account"];
export const CANCEL_REASONS: readonly (readonly [string | null, number])[] = [
  ["too expensive", 4],
  ["too much coffee", 3],
  ["moving away", 1],
  [null, 2],
];
export const PLAN_PRICES = { basic: 19, pro: 39, team: 99 } as const;
export type PaidPlan = keyof typeof PLAN_PRICES;
export const PLANS: readonly (readonly [PaidPlan, number])[] = [
  ["basic", 6],
  ["pro", 4],
  ["team", 1],
];
export type Plan = "free" | PaidPlan;

export const FIRST_NAMES: readonly [string, ...string[]] = [
  "Ana",
  "Bruno",
  "Chloé",
  "Dmitri",
  "Emma",
  "Fatima",
  "Günther",
  "Hana",
  "Ivo",
  "Jürgen",
  "Kenji",
  "Lucía",
  "Mads",
  "Noor",
  "Olu",
  "Priya",
];
export const LAST_NAMES: readonly [string, ...string[]] = [
  "Ruiz",
  "Silva",
  "Martin",
  "Ivanov",
  "Smith",
  "Khan",
  "Weiß",
  "Sato",
  "Novák",
  "O'Neil",
  "Tanaka",
  "Gómez",
  "Jensen",
  "Patel",
];

/** Share of a usual day's traffic by local hour. */
export const HOURS = [1, 1, 1, 1, 1, 2, 4, 7, 9, 8, 7, 7, 9, 8, 7, 6, 6, 7, 9, 11, 12, 10, 6, 3];
/** Traffic by weekday from Monday: a weekday shop with a Sunday low. */
export const WEEKDAYS = [1.08, 1.12, 1.06, 1.0, 0.92, 0.72, 0.66];
