/**
 * The data of the sample project: a subscription shop over 90 days ending yesterday, deterministic for
 * (seed, today, time zone). There is something to find: a weekly rhythm, a checkout outage on one day
 * (OUTAGE_DAYS_AGO before today), and one sign-up week whose people stay longer.
 */

import { live } from "./lives.ts";
import { createPeople, type Landmarks, landmarks, PEOPLE, type Person } from "./people.ts";
import { createProfile, type Profile } from "./profiles.ts";
import { createRandom } from "./random.ts";
import type { SampleEvent, State, World } from "./world.ts";
import { createZone, type Zone } from "./zone.ts";

export { type Landmarks, OUTAGE_DAYS_AGO, type Person } from "./people.ts";
export type { Profile } from "./profiles.ts";
export type { SampleEvent, State } from "./world.ts";

export type DataOptions = {
  seed: number;
  timezone: string;
  /** UTC seconds; decides which day is today. */
  now: number;
  /** Adds the part of today before `now`. */
  includeToday?: boolean;
};

export type SampleData = {
  zone: Zone;
  days: Landmarks;
  /** By time. */
  events: SampleEvent[];
  byName: Map<string, SampleEvent[]>;
  byPerson: Map<string, SampleEvent[]>;
  people: Map<string, Person>;
  states: Map<string, State>;
  profiles: Profile[];
  /** Profile properties by distinct id. */
  profileOf: Map<string, Record<string, unknown>>;
};

/** A third of a second for about 120,000 events. */
export function generateData(options: DataOptions): SampleData {
  const zone = createZone(options.timezone);
  const days = landmarks(zone.day(options.now));
  const random = createRandom(options.seed);
  const end = options.includeToday ? Math.floor(options.now) : zone.midnight(days.today);
  const world: World = { random, days, zone, end, events: [] };
  const people = createPeople(random, days, PEOPLE);
  const states = new Map<string, State>();
  const profiles: Profile[] = [];
  for (const person of people) {
    const state = live(world, person);
    states.set(person.id, state);
    if (person.hasProfile) profiles.push(createProfile(random, zone, person, state));
  }
  const events = sortByTime(world.events);
  return {
    zone,
    days,
    events,
    byName: groupBy(events, (event) => event.event),
    byPerson: groupBy(events, (event) => event.person.id),
    people: new Map(people.map((person) => [person.id, person])),
    states,
    profiles,
    profileOf: new Map(profiles.map((profile) => [profile.distinctId, profile.properties])),
  };
}

/** Sorting numbers in a typed array is several times faster than sorting objects with a comparator. */
function sortByTime(events: SampleEvent[]): SampleEvent[] {
  const width = 2 ** 20;
  const keys = Float64Array.from(events, (event, index) => event.time * width + index);
  keys.sort();
  const sorted: SampleEvent[] = [];
  for (const key of keys) {
    const event = events[key % width];
    if (event) sorted.push(event);
  }
  return sorted;
}

function groupBy(events: SampleEvent[], keyOf: (event: SampleEvent) => string): Map<string, SampleEvent[]> {
  const groups = new Map<string, SampleEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return groups;
}
