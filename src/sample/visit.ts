/** One visit of one person to the shop, event by event. */
import { moment, type Person } from "./people.ts";
import type { Random } from "./random.ts";
import { CAMPAIGNS, HOURS, PLAN_PRICES, PLANS, PRODUCTS, SEARCHES, TICKETS } from "./shop.ts";
import type { State, World } from "./world.ts";
import { DAY, HOUR } from "./zone.ts";

const HOUR_PICKS = HOURS.flatMap((weight, hour) => Array<number>(weight).fill(hour));
/** During these local hours of the outage day nearly no payment went through. */
const OUTAGE_HOURS = { from: 6, to: 24 };
/** The espresso machine is looked at more than bought. */
const CART_PRODUCTS = PRODUCTS.map((item) => [item, item.price > 200 ? 0.2 : 1] as const);

/** One sitting of one person: a clock that moves on with every event. */
export class Visit {
  private readonly random: Random;
  private clock: number;

  constructor(
    private readonly world: World,
    private readonly person: Person,
    private readonly state: State,
    private readonly day: number,
    second?: number,
  ) {
    this.random = world.random;
    const hour = HOUR_PICKS[this.random.below(HOUR_PICKS.length)] ?? 12;
    this.clock = moment(world.zone, day, second ?? hour * HOUR + this.random.below(HOUR));
  }

  emit(event: string, extra: Record<string, unknown>, lib?: string): void {
    const { world, person, state } = this;
    const time = this.clock;
    this.clock += 3 + this.random.below(95);
    if (time >= world.end) return;
    state.lastTime = Math.max(state.lastTime, time);
    const properties = lib ? this.fromServer(time, lib) : this.fromBrowser(time);
    Object.assign(properties, extra);
    world.events.push({ event, time, local: world.zone.local(time), person, properties });
  }

  /** `mp_processing_time_ms` comes a moment later, now and then hours later as from a phone that was offline. */
  private processed(time: number): number {
    const late = this.random.chance(0.01) ? this.random.below(2 * DAY) : 0;
    return (time + late) * 1000 + 400 + this.random.below(4_000);
  }

  private fromServer(time: number, lib: string): Record<string, unknown> {
    const { person, state } = this;
    return {
      time,
      distinct_id: person.id,
      $insert_id: this.random.id(),
      $user_id: person.id,
      $import: true,
      mp_lib: lib,
      mp_processing_time_ms: this.processed(time),
      $mp_api_endpoint: "api.mixpanel.com",
      plan: state.plan,
    };
  }

  private fromBrowser(time: number): Record<string, unknown> {
    const { person, state } = this;
    const { place, device } = person;
    return {
      time,
      distinct_id: person.id,
      $insert_id: this.random.id(),
      $device_id: person.deviceId,
      $user_id: person.id,
      $browser: device.browser,
      $os: device.os,
      $device: device.device,
      $screen_width: device.width,
      $city: place.city,
      $region: place.region,
      mp_country_code: place.country,
      $import: false,
      mp_lib: device.lib,
      $lib_version: "2.60.0",
      mp_processing_time_ms: this.processed(time),
      $mp_api_endpoint: "api-js.mixpanel.com",
      plan: state.plan,
      is_subscriber: state.plan !== "free",
    };
  }

  private page(path: string): void {
    const { channel } = this.person;
    const extra: Record<string, unknown> = { $current_url: `https://beanandbox.example${path}`, page: path };
    if (channel && this.random.chance(0.6)) {
      extra["utm_source"] = channel;
      extra["utm_campaign"] = this.random.pick(CAMPAIGNS[channel] ?? ["none"]);
      extra["$referring_domain"] = `${channel}.example`;
    }
    this.emit("Page Viewed", extra);
  }

  signUp(): void {
    this.page("/");
    this.emit("Sign Up", {
      method: this.random.weighted([
        ["email", 6],
        ["google", 3],
        ["apple", 2],
      ]),
      onboarding: this.person.concierge ? "concierge" : "self-serve",
      ...(this.person.channel ? { utm_source: this.person.channel } : {}),
    });
    this.state.signUpTime = this.clock;
    this.emit("$identify", { $identified_id: this.person.id, $anon_id: `$device:${this.person.deviceId}` });
    if (this.random.chance(0.8))
      this.emit("Onboarding Completed", {
        steps_done: 1 + this.random.below(5),
        duration_s: 20 + this.random.below(400),
      });
    this.browse();
  }

  browse(): void {
    const { random, state } = this;
    state.visits += 1;
    this.page(random.pick(["/", "/shop", "/shop/coffee", "/blog/brewing", "/account", "/pricing"]));
    if (random.chance(0.25)) {
      this.emit("Search Performed", { query: random.pick(SEARCHES), results: random.below(40) });
    }
    const looks = random.below(3);
    for (let look = 0; look < looks; look += 1) this.lookAtProduct();
    if (looks > 0 && random.chance(0.5 * this.person.appetite)) this.shop();
    if (random.chance(0.025)) this.ticket();
    if (state.orders > 0 && random.chance(0.06)) this.review();
  }

  private lookAtProduct(): void {
    const product = this.random.pick(PRODUCTS);
    this.emit("Product Viewed", {
      sku: product.sku,
      product: product.name,
      category: product.category,
      price: product.price,
    });
  }

  private shop(): void {
    const { random } = this;
    const lines = 1 + random.below(3);
    const items: string[] = [];
    let amount = 0;
    for (let line = 0; line < lines; line += 1) {
      const product = random.weighted(CART_PRODUCTS);
      const quantity = 1 + random.below(2);
      items.push(product.sku);
      amount += product.price * quantity;
      this.emit("Added to Cart", {
        sku: product.sku,
        category: product.category,
        price: product.price,
        quantity,
        // One property of many types, as grows where several teams track: number, text, boolean, null, missing.
        ...discount(random),
      });
    }
    if (!random.chance(0.62)) return;
    this.emit("Checkout Started", { amount: cents(amount), items, item_count: items.length });
    this.pay(cents(amount), items);
  }

  private pay(amount: number, items: string[]): void {
    const { random, state, world, person } = this;
    const hour = Math.floor((world.zone.local(this.clock) % DAY) / HOUR);
    const down = this.day === world.days.outage && hour >= OUTAGE_HOURS.from && hour < OUTAGE_HOURS.to;
    if (random.chance(down ? 0.95 : 0.06)) {
      this.emit("Payment Failed", {
        amount,
        error: down ? "gateway timeout" : random.pick(["card declined", "expired card"]),
      });
      return;
    }
    if (!random.chance(0.86)) return;
    const coupon = random.chance(0.15)
      ? random.pick(["WELCOME10", "BEANS5", "été24"])
      : random.chance(0.5)
        ? null
        : undefined;
    this.emit("Order Placed", {
      amount,
      items,
      item_count: items.length,
      currency: "USD",
      ...(coupon === undefined ? {} : { coupon }),
      is_first_order: state.orders === 0,
      address: { zip: person.place.zip, city: person.place.city, geo: { country: person.place.country } },
      shipping_days: 1 + random.below(6),
    });
    state.orders += 1;
    state.spent += amount;
    if (state.plan === "free" && random.chance(0.22)) this.subscribe();
  }

  private subscribe(): void {
    const plan = this.random.weighted(PLANS);
    this.state.plan = plan;
    this.state.renewalDay = this.day + 30;
    this.emit("Subscription Started", { price: PLAN_PRICES[plan], billing: "monthly", trial: this.random.chance(0.3) });
  }

  private ticket(): void {
    this.emit("Support Ticket Opened", { topic: this.random.pick(TICKETS), urgent: this.random.chance(0.2) });
  }

  private review(): void {
    const stars = 1 + Math.floor(5 * Math.sqrt(this.random.next()));
    const text = this.random.pick([
      "Great ☕",
      "Trop amer",
      "",
      "ok\u2028would buy again",
      'the "Midnight" is fine',
      "とても美味しい",
    ]);
    this.emit("Review Submitted", { sku: this.random.pick(PRODUCTS).sku, rating: stars, ...(text ? { text } : {}) });
  }

  /** Sent by a mail tool that gives no insert id. */
  email(): void {
    this.emit(
      "Email Opened",
      { campaign: this.random.pick(["weekly", "win-back", "launch 🚀"]), $insert_id: undefined },
      "mailer",
    );
  }
}

function discount(random: Random): Record<string, unknown> {
  return random.weighted<Record<string, unknown>>([
    [{}, 60],
    [{ discount: 5 * (1 + random.below(4)) }, 20],
    [{ discount: `${5 * (1 + random.below(4))}%` }, 12],
    [{ discount: false }, 4],
    [{ discount: null }, 4],
  ]);
}

function cents(amount: number): number {
  return Math.round(amount * 100) / 100;
}
