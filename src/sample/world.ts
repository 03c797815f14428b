/** What the generator of the sample project passes around. */
import type { Landmarks, Person } from "./people.ts";
import type { Random } from "./random.ts";
import type { Plan } from "./shop.ts";
import type { Zone } from "./zone.ts";

export type SampleEvent = {
  event: string;
  /** UTC seconds. */
  time: number;
  /** Wall-clock seconds in the project's time zone. */
  local: number;
  person: Person;
  properties: Record<string, unknown>;
};

/** What a person has become so far. */
export type State = {
  plan: Plan;
  renewalDay: number | undefined;
  orders: number;
  spent: number;
  visits: number;
  /** UTC seconds of the last thing done, 0 for never. */
  lastTime: number;
  signUpTime: number | undefined;
};

/** What the generator of one project carries around. */
export type World = {
  random: Random;
  days: Landmarks;
  zone: Zone;
  /** Nothing happens at or after this UTC second. */
  end: number;
  events: SampleEvent[];
};
