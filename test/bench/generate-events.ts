/**
 * The events the benchmarks load: deterministic export lines of about 920 bytes over 90 days, 46 property keys (30 or so
 * per event), 30 event names by Zipf's law, 50,000 users, 1% exact duplicates, Unicode, keys with quotes and dots, one
 * property of mixed types, nested objects and arrays.
 */

const NAMES = Array.from({ length: 30 }, (_, index) => {
  const first = ["Page View", "Search", "Purchase", "Sign Up", "Song Played", "Item Added"][index % 6] ?? "Event";
  return index < 6 ? first : `${first} ${index}`;
});
const PLANS = ["free", "basic", "pro", "enterprise"];
const SYSTEMS = ["Mac OS X", "Windows", "iOS", "Android", "Linux", "Chrome OS"];
const BROWSERS = ["Chrome", "Safari", "Firefox", "Edge", "Mobile Safari", "Samsung Internet"];
const COUNTRIES = ["US", "DE", "FR", "BR", "IN", "JP", "GB", "CA", "MX", "KR", "NL", "SE"];
const CITIES = ["München", "São Paulo", "東京", "New York", "Łódź", "Zürich", "Austin", "Paris", "Reykjavík", "서울"];
const PAGES = ["/", "/pricing/", "/docs/getting-started", "/blog/2026/03/why", "/account/settings", "/search"];
const USERS = 50_000;

const DAYS = 90;
/** 2025-01-01T00:00:00Z, the first of the days. */
const FIRST_SECOND = Date.UTC(2025, 0, 1) / 1000;

/** A small fast generator (mulberry32): the same seed gives the same lines everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The day (0..89) of event `index` of `total`: exports arrive by day. */
const dayOf = (index: number, total: number) => Math.floor((index * DAYS) / total);

export function createLines(total: number, seed = 1): (index: number) => string {
  const next = random(seed);
  const weights = NAMES.map((_, index) => 1 / (index + 1));
  const sum = weights.reduce((a, b) => a + b, 0);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const pickName = () => {
    let rest = next() * sum;
    const index = weights.findIndex((weight) => {
      rest -= weight;
      return rest <= 0;
    });
    return NAMES[Math.max(0, index)] as string;
  };
  const recent: string[] = [];
  return (index) => {
    if (recent.length > 50 && next() < 0.01) return pick(recent);
    const line = JSON.stringify({ event: pickName(), properties: properties(index, total, next, pick) });
    recent[index % 200] = line;
    return line;
  };
}

function properties(index: number, total: number, next: () => number, pick: <T>(list: readonly T[]) => T) {
  const second = FIRST_SECOND + dayOf(index, total) * 86_400 + Math.floor(next() * 86_400);
  const user = Math.floor(next() ** 2 * USERS);
  const token = () => Math.floor(next() * 2 ** 52).toString(36);
  const page = pick(PAGES);
  const values: Record<string, unknown> = {
    time: second,
    distinct_id: `user-${user}`,
    $insert_id: `${token()}-${token()}${index.toString(36)}`,
    $browser: pick(BROWSERS),
    $browser_version: 90 + Math.floor(next() * 40),
    $city: pick(CITIES),
    $region: pick(CITIES),
    mp_country_code: pick(COUNTRIES),
    $os: pick(SYSTEMS),
    $device_id: `${token()}-${user.toString(16)}`,
    $user_id: `user-${user}`,
    $current_url: `https://shop.example.com${page}?ref=${token()}`,
    $referrer: next() < 0.6 ? "https://www.google.com/search?q=running+shoes" : null,
    $screen_width: 320 + 16 * Math.floor(next() * 120),
    $screen_height: 480 + 16 * Math.floor(next() * 90),
    mp_lib: "web",
    $lib_version: "2.55.1",
    mp_processing_time_ms: second * 1000 + Math.floor(next() * 90_000),
    $mp_api_endpoint: "api.mixpanel.com",
    $mp_api_timestamp_ms: second * 1000 + 17,
    $import: false,
    plan: pick(PLANS),
    session_id: `${token()}${token()}-${token()}`,
    load_ms: Math.round(next() ** 3 * 4_000_000) / 1000,
    is_trial: next() < 0.2,
    mixed: pick([1, "1", true, null, 2.5, "später"]),
    "a.b": Math.floor(next() * 10),
    'he said "hi"': next() < 0.5 ? 'quoted "value" and a \\ backslash' : "plain",
  };
  if (next() < 0.5)
    Object.assign(values, { utm_source: "newsletter", utm_medium: "email", utm_campaign: `spring-${user % 7}` });
  if (next() < 0.4)
    Object.assign(values, { price: Math.round(next() * 10_000) / 100, currency: "EUR", quantity: 1 + (user % 5) });
  if (next() < 0.3)
    values["items"] = [
      { sku: `sku-${user % 100}`, qty: 2 },
      { sku: "sku-7", qty: 1 },
    ];
  if (next() < 0.3) values["address"] = { zip: String(10_000 + user), city: pick(CITIES) };
  if (next() < 0.2) Object.assign(values, { search_term: `größe ${user % 300} 👟`, results: Math.floor(next() * 500) });
  if (next() < 0.2) Object.assign(values, { experiment: "checkout-2", variant: next() < 0.5 ? "A" : "B" });
  if (next() < 0.1)
    Object.assign(values, { error: "Zeitüberschreitung", retry: user % 3, big: 9_007_199_254_740_993n.toString() });
  if (next() < 0.1) Object.assign(values, { genre: "jazz", album: `Vol. ${user % 40}`, tags: ["a", "b", "c"] });
  return values;
}
