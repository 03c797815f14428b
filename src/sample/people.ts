/** The people of the sample project: who they are and how eager, before they do anything. */
import type { Random } from "./random.ts";
import { CHANNELS, DEVICES, type Device, PLACES, type Place } from "./shop.ts";
import { weekday, type Zone } from "./zone.ts";

/** Days of history, the last one being yesterday. */
export const DAYS = 90;
export const PEOPLE = 3_000;
/** The checkout outage: orders collapse on this one day, this many days before today. */
export const OUTAGE_DAYS_AGO = 23;

/** The days a reader is meant to find. Day numbers of the local calendar. */
export type Landmarks = {
  today: number;
  first: number;
  last: number;
  outage: number;
  /** Monday to Sunday: everybody who signed up in this week got a concierge onboarding, and stays longer. */
  conciergeFrom: number;
  conciergeTo: number;
};

export function landmarks(today: number): Landmarks {
  const inWeek = today - 46;
  const conciergeFrom = inWeek - weekday(inWeek);
  return {
    today,
    first: today - DAYS,
    last: today - 1,
    outage: today - OUTAGE_DAYS_AGO,
    conciergeFrom,
    conciergeTo: conciergeFrom + 6,
  };
}

export type Person = {
  id: string;
  number: number;
  /** Day of sign-up; before the first day of history for two in five. */
  signUpDay: number;
  concierge: boolean;
  place: Place;
  device: Device;
  deviceId: string;
  channel: string | undefined;
  /** After this day they never come again. */
  lastDay: number;
  /** Multiplies the chance to come on a day. */
  eagerness: number;
  /** Multiplies the chance to buy. */
  appetite: number;
  hasProfile: boolean;
};

/** Nine ids in a thousand are all digits, which profile answers then send as numbers. */
function personId(number: number): string {
  return number % 111 === 7 ? String(480_000 + number) : `u-${number}`;
}

export function createPeople(random: Random, days: Landmarks, count: number): Person[] {
  const people: Person[] = [];
  for (let number = 1; number <= count; number += 1) {
    const signUpDay = random.chance(0.4) ? days.first - 1 - random.below(400) : signUpInHistory(random, days);
    const concierge = signUpDay >= days.conciergeFrom && signUpDay <= days.conciergeTo;
    people.push({
      id: personId(number),
      number,
      signUpDay,
      concierge,
      lastDay: Math.max(signUpDay, days.first) + patience(random, concierge, signUpDay < days.first),
      place: random.weighted(PLACES),
      device: random.weighted(DEVICES),
      deviceId: `d-${random.id()}`,
      channel: random.weighted(CHANNELS),
      eagerness: 0.45 + 1.7 * random.next() ** 3,
      appetite: 0.5 + random.next(),
      hasProfile: !random.chance(0.05),
    });
  }
  return people;
}

/** Days until somebody loses interest: half of the new people within about a week, of the concierge week hardly any. */
function patience(random: Random, concierge: boolean, settled: boolean): number {
  const hasty = random.chance(settled ? 0.1 : concierge ? 0.12 : 0.52);
  return Math.floor(-Math.log(1 - random.next()) * (hasty ? 6 : 260));
}

/** Sign-ups grow slowly over the history and follow the week. */
function signUpInHistory(random: Random, days: Landmarks): number {
  for (;;) {
    const day = days.first + Math.floor(DAYS * random.next() ** 0.85);
    if (weekday(day) < 5 || random.chance(0.65)) return Math.min(day, days.last);
  }
}

/** Chance that a person comes on a day this many days after signing up. */
export function returnChance(person: Person, age: number): number {
  const fresh = person.concierge ? 0.5 * Math.exp(-age / 30) : 0.5 * Math.exp(-age / 9);
  const lasting = person.concierge ? 0.32 : 0.235;
  return Math.min(0.95, (fresh + lasting) * person.eagerness);
}

/** UTC seconds of a local time of day, kept inside the day. */
export function moment(zone: Zone, day: number, secondOfDay: number): number {
  return Math.min(zone.midnight(day) + secondOfDay, zone.midnight(day + 1) - 1);
}
