/** Profiles of the sample project, as the people ended up. */
import type { Person } from "./people.ts";
import type { Random } from "./random.ts";
import { FIRST_NAMES, LAST_NAMES } from "./shop.ts";
import type { State } from "./world.ts";
import { DAY, type Zone } from "./zone.ts";

export type Profile = { distinctId: string; properties: Record<string, unknown> };

/** ISO text without an offset, UTC, as profile dates are. */
export function profileDate(utc: number): string {
  return new Date(utc * 1000).toISOString().slice(0, 19);
}

export function createProfile(random: Random, zone: Zone, person: Person, state: State): Profile {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const created = state.signUpTime ?? zone.midnight(person.signUpDay) + random.below(DAY);
  const { place } = person;
  const properties: Record<string, unknown> = {
    $name: `${first} ${last}`,
    $email: `${person.id}@example.org`,
    $created: profileDate(created),
    $last_seen: profileDate(state.lastTime || created),
    $city: place.city,
    $region: place.region,
    $country_code: place.country,
    $timezone: place.timezone,
    plan: state.plan,
    orders: state.orders,
    lifetime_value: Math.round(state.spent * 100) / 100,
    is_trial: state.plan === "free",
    address: { zip: place.zip },
    referrer: person.channel ?? "<null>",
  };
  const tags = [
    ...(state.orders >= 5 ? ["vip"] : []),
    ...(person.concierge ? ["concierge"] : []),
    ...(random.chance(0.1) ? ["beta"] : []),
  ];
  if (tags.length > 0) properties["tags"] = tags;
  if (random.chance(0.3)) properties["$phone"] = `+1555${String(1_000_000 + random.below(8_999_999))}`;
  return { distinctId: person.id, properties };
}
