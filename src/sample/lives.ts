/** What the people of the sample project do, day by day. */
import { DAYS, type Person, returnChance } from "./people.ts";
import { CANCEL_REASONS, type PaidPlan, PLAN_PRICES, PLANS, WEEKDAYS } from "./shop.ts";
import { Visit } from "./visit.ts";
import type { State, World } from "./world.ts";
import { HOUR, weekday } from "./zone.ts";

/** Plays one person's life over the history and returns how it ended. */
export function live(world: World, person: Person): State {
  const { random, days, zone } = world;
  const state: State = {
    plan: "free",
    renewalDay: undefined,
    orders: 0,
    spent: 0,
    visits: 0,
    lastTime: 0,
    signUpTime: undefined,
  };
  if (person.signUpDay < days.first && random.chance(0.35)) {
    state.plan = random.weighted(PLANS);
    state.renewalDay = days.first + random.below(30);
  }
  const last = days.first + DAYS - 1 + (world.end > zone.midnight(days.today) ? 1 : 0);
  for (let day = Math.max(days.first, person.signUpDay); day <= last; day += 1) {
    if (state.renewalDay === day && state.plan !== "free") renew(world, person, state, state.plan, day);
    const chance = returnChance(person, day - person.signUpDay) * (WEEKDAYS[weekday(day)] ?? 1);
    if (day === person.signUpDay) new Visit(world, person, state, day).signUp();
    else if (day <= person.lastDay && random.chance(chance)) new Visit(world, person, state, day).browse();
    if (day <= person.lastDay && random.chance(0.018)) new Visit(world, person, state, day).email();
  }
  return state;
}

function renew(world: World, person: Person, state: State, plan: PaidPlan, day: number): void {
  const visit = new Visit(world, person, state, day, 6 * HOUR + world.random.below(600));
  if (world.random.chance(day > person.lastDay ? 0.6 : 0.05)) {
    visit.emit(
      "Subscription Cancelled",
      { reason: world.random.weighted(CANCEL_REASONS), price: PLAN_PRICES[plan] },
      "node",
    );
    state.plan = "free";
    state.renewalDay = undefined;
    return;
  }
  visit.emit("Subscription Renewed", { price: PLAN_PRICES[plan], billing: "monthly" }, "node");
  state.renewalDay = day + 30;
}
