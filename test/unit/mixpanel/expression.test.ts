import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/fault.ts";
import {
  checkExpression,
  ExpressionError,
  evaluate,
  parse,
  quoteProperty,
  toAccessor,
} from "../../../src/mixpanel/expression.ts";

const NOW = 1_772_440_000;
const event = {
  time: 1_772_440_000,
  plan: "pro",
  amount: 49.5,
  count: 3,
  negative: -7,
  zero: 0,
  numeric_text: " 12.5 ",
  text: "",
  is_trial: false,
  is_new: true,
  nothing: null,
  tags: ["vip", "beta"],
  sizes: [1, 2],
  address: { zip: "78701", geo: { lat: 1 } },
  items: [{ sku: "A-1" }],
  'Quote " and \\ back': 1,
  "a.b": "dotted",
  "🛒 cart": "emoji",
  "Price (USD)": 5,
  false_text: "false",
  signup: "2026-02-10T00:00:00",
  day: "2026-02-10",
  url: "https://shop.example/news/1",
};
const user = { $email: "ana@example.org", $last_seen: "2026-03-01T12:00:00", plan: "team", sku: "A-9" };

function value(text: string, timezone = "UTC"): unknown {
  return evaluate(parse(text), { event, user, now: NOW, timezone, groups: { company: { plan: "gold" } } });
}

const p = (name: string) => quoteProperty(name);

describe("values", () => {
  const table: [string, unknown][] = [
    // accessors
    [p("plan"), "pro"],
    ['event["plan"]', "pro"],
    ['user["plan"]', "team"],
    [p("Plan"), undefined],
    [p("missing"), undefined],
    [p("__proto__"), undefined],
    [p("constructor"), undefined],
    [p("a.b"), "dotted"],
    [p("🛒 cart"), "emoji"],
    [p("Price (USD)"), 5],
    [p('Quote " and \\ back'), 1],
    [p("$time"), NOW],
    ['event["$time"]', NOW],
    [p("time"), NOW],
    ['properties["address"]["zip"]', "78701"],
    ['properties["address"]["geo"]["lat"]', 1],
    ['properties["plan"]["zip"]', undefined],
    ['properties["items"][0]["sku"]', "A-1"],
    ['group_properties["company"]["plan"]', "gold"],
    ['group_properties["other"]["plan"]', undefined],
    ['behaviors["b1"]', undefined],
    ['unheard_of["x"]', undefined],
    // literals
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['"\\u00e9\\n\\d"', "é\n\\d"],
    ["1", 1],
    ["1.5e2", 150],
    [".5", 0.5],
    ["true", true],
    ["false", false],
    ["null", null],
    ["NOW", NOW],
    ['[1, "a", true]', [1, "a", true]],
    ["[]", []],
    // arithmetic
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["10 - 4 - 3", 3],
    ["20 / 2 / 5", 2],
    ["7 % 3", 1],
    ["-7 % 3", -1],
    ["7 % -3", 1],
    ["1 / 0", undefined],
    ["1 % 0", undefined],
    ["-2 * -3", 6],
    ["--2", 2],
    ["2-1", 1],
    ["2 -1", 1],
    ['"a" + "b"', "ab"],
    ['"a" + 1', undefined],
    ['1 - "a"', undefined],
    ["true + 1", undefined],
    [`-${p("plan")}`, undefined],
    [`-${p("amount")}`, -49.5],
    [`${p("amount")} * 2`, 99],
    [`${p("missing")} + 1`, undefined],
    // functions
    ["floor(1.7)", 1],
    ["floor(-1.2)", -2],
    ["ceil(1.2)", 2],
    ["round(1.5)", 2],
    ["round(1.4)", 1],
    ['floor("a")', undefined],
    [`floor(${p("amount")} / 10)`, 4],
    // casts
    ["string(12)", "12"],
    ["string(1.5)", "1.5"],
    ["string(true)", "true"],
    ["string(null)", null],
    [`string(${p("missing")})`, undefined],
    [`string(${p("tags")})`, '["vip","beta"]'],
    ['number("12.5")', 12.5],
    [`number(${p("numeric_text")})`, 12.5],
    ['number("12a")', undefined],
    ['number("")', undefined],
    ['number("0x10")', undefined],
    ["number(true)", 1],
    ["number(false)", 0],
    ["number(null)", undefined],
    [`number(${p("missing")})`, undefined],
    ["number(3)", 3],
    ['boolean("false")', false],
    ['boolean("")', false],
    ["boolean(0)", false],
    ["boolean(null)", false],
    [`boolean(${p("missing")})`, false],
    ['boolean("no")', true],
    ["boolean(-1)", true],
    [`boolean(${p("is_trial")})`, false],
    [`list(${p("tags")})`, ["vip", "beta"]],
    [`list(${p("plan")})`, undefined],
    [`defined(${p("plan")})`, true],
    [`defined(${p("missing")})`, false],
    [`defined(${p("nothing")})`, false],
    [`defined(${p("is_trial")})`, true],
    [`defined(${p("text")})`, true],
    // equality
    [`${p("plan")} == "pro"`, true],
    [`${p("plan")} == "Pro"`, false],
    [`${p("plan")} != "pro"`, false],
    [`${p("count")} == "3"`, false],
    [`${p("count")} != "3"`, true],
    [`${p("count")} == 3`, true],
    [`${p("count")} == 3.0`, true],
    [`${p("is_trial")} == false`, true],
    [`${p("is_trial")} == 0`, false],
    [`${p("missing")} == "pro"`, false],
    [`${p("missing")} != "pro"`, true],
    [`${p("missing")} == ${p("absent")}`, false],
    [`${p("missing")} != ${p("absent")}`, true],
    [`${p("missing")} == undefined`, true],
    [`${p("plan")} == undefined`, false],
    [`${p("missing")} != undefined`, false],
    [`${p("nothing")} == null`, true],
    [`${p("missing")} == null`, false],
    [`${p("sizes")} == [1, 2]`, true],
    [`${p("sizes")} == [2, 1]`, false],
    // order
    ["2 > 1", true],
    ["2 >= 2", true],
    ["2 < 2", false],
    ["2 <= 2", true],
    [`${p("amount")} > "10"`, undefined],
    [`"10" > ${p("amount")}`, undefined],
    [`${p("missing")} > 1`, undefined],
    ["true > false", undefined],
    [`${p("signup")} >= "2026-02-01T00:00:00"`, true],
    [`${p("signup")} >= "2026-02-11"`, false],
    [`${p("signup")} < "2026-02-11"`, true],
    ['"a" < "b"', true],
    ["1 < 2 == true", true],
    // in
    [`"news" in ${p("url")}`, true],
    [`"News" in ${p("url")}`, false],
    [`"" in ${p("url")}`, true],
    [`"vip" in ${p("tags")}`, true],
    [`"vi" in ${p("tags")}`, false],
    [`1 in ${p("sizes")}`, true],
    [`"1" in ${p("sizes")}`, false],
    [`${p("plan")} in ["pro", "team"]`, true],
    [`${p("plan")} in ["free"]`, false],
    [`${p("plan")} in []`, false],
    [`${p("count")} in [1, 2, 3]`, true],
    [`${p("count")} in ["3"]`, false],
    [`${p("missing")} in ["a"]`, undefined],
    [`"a" in ${p("missing")}`, undefined],
    [`"a" in ${p("amount")}`, undefined],
    [`1 in ${p("url")}`, undefined],
    [`not "news" in ${p("url")}`, false],
    [`not ("nope" in ${p("url")})`, true],
    // logic
    ["true and true", true],
    ["true and false", false],
    ["false or true", true],
    ["false or false", false],
    [`true and ${p("missing")}`, false],
    [`${p("missing")} or true`, true],
    [`${p("missing")} or ${p("missing")}`, false],
    ["not true", false],
    ["not false", true],
    [`not ${p("missing")}`, true],
    ["not 1", undefined],
    ['not "a"', undefined],
    ["not null", undefined],
    ["not not true", true],
    ["true or false and false", true],
    ["(true or false) and false", false],
    ["not true or true", true],
    ["not (true or true)", false],
    ["not 1 == 2", true],
    ["1 == 1 and 2 == 2 and 3 == 3", true],
    ["1 == 2 or 2 == 3 or 3 == 3", true],
    [`${p("is_new")} and not ${p("is_trial")}`, true],
    // dates
    ["datetime(1769904000)", 1_769_904_000],
    ["datetime(1769904000000)", 1_769_904_000],
    ["datetime(0)", undefined],
    ["datetime(-5)", undefined],
    ['datetime("2026-02-01T00:00:00")', 1_769_904_000],
    ['datetime("2026-02-01")', 1_769_904_000],
    ['datetime("2026-02-01 00:00:00")', 1_769_904_000],
    ['datetime("2026-02-01T00:00:00Z")', 1_769_904_000],
    ['datetime("2026-02-01T01:00:00+01:00")', 1_769_904_000],
    ['datetime("2026-02-30")', undefined],
    ['datetime("yesterday")', undefined],
    ["datetime(true)", undefined],
    ["datetime(NOW - 604800)", NOW - 604_800],
    [`datetime(${p("signup")}) >= datetime("2026-02-01T00:00:00")`, true],
    [`datetime(${p("day")})`, 1_770_681_600],
    [`datetime(${p("missing")}) >= datetime("2026-02-01")`, undefined],
    [`${p("$time")} >= datetime(1769904000)`, true],
    [`event["$time"] >= datetime("2026-02-01T00:00:00")`, true],
    [`datetime(user["$last_seen"]) >= datetime(NOW - 604800) and datetime(user["$last_seen"]) < datetime(NOW)`, true],
    // functions only some places know
    ['has_prefix(string(user["sku"]), "A-")', true],
    ['has_prefix(string(user["sku"]), "B-")', false],
    [`has_prefix(${p("amount")}, "4")`, undefined],
    [`has_suffix(${p("plan")}, "o")`, undefined],
    ["anything()", undefined],
    ["NOW()", NOW],
    [`contains(${p("plan")}, "pro")`, undefined],
    ['typecast(user["plan"], "number")', undefined],
  ];
  test.each(table)("%s", (text, expected) => {
    expect(value(text)).toEqual(expected);
  });

  test("a datetime literal is read in the given zone, a property is UTC", () => {
    expect(value('datetime("2026-02-01T00:00:00")', "America/Los_Angeles")).toBe(1_769_904_000 + 8 * 3600);
    expect(value('datetime("2026-07-01T00:00:00")', "America/Los_Angeles")).toBe(1_782_864_000 + 7 * 3600);
    expect(value('datetime("2026-02-01")', "Asia/Kolkata")).toBe(1_769_904_000 - 19_800);
    expect(value(`datetime(${p("day")})`, "America/Los_Angeles")).toBe(1_770_681_600);
  });

  test("both sides of a daylight saving change", () => {
    // Los Angeles, 2026-03-08: 02:00 becomes 03:00 at 10:00 UTC.
    const at = (clock: string, zone: string) => value(`datetime("${clock}")`, zone);
    expect(at("2026-03-08T01:59:59", "America/Los_Angeles")).toBe(Date.UTC(2026, 2, 8, 9, 59, 59) / 1000);
    expect(at("2026-03-08T03:30:00", "America/Los_Angeles")).toBe(Date.UTC(2026, 2, 8, 10, 30) / 1000);
    expect(at("2026-03-08T02:30:00", "America/Los_Angeles")).toBe(Date.UTC(2026, 2, 8, 10, 30) / 1000);
    expect(at("2026-03-29T01:59:59", "Europe/Berlin")).toBe(Date.UTC(2026, 2, 29, 0, 59, 59) / 1000);
    expect(at("2026-03-29T03:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 2, 29, 1) / 1000);
    expect(at("2026-10-25T12:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 11) / 1000);
  });

  test("without an event, properties are the profile's", () => {
    expect(evaluate(parse(p("plan")), { user, now: NOW, timezone: "UTC" })).toBe("team");
    const behaviors = { b1: 2 };
    expect(evaluate(parse('behaviors["b1"] > 1'), { user, behaviors, now: NOW, timezone: "UTC" })).toBe(true);
  });

  test.each([`${p("plan")} and true`, `true and ${p("count")}`, `false or ${p("tags")}`, `false or ${p("nothing")}`])(
    "%s needs conditions",
    (text) => {
      expect(() => value(text)).toThrow(ExpressionError);
    },
  );
});

describe("mistakes are refused where they stand, with the way to write it", () => {
  // text, the 1-based position in the message, a piece of the message or of its first suggestion
  const table: [string, number, string][] = [
    ["", 1, "empty"],
    ["   ", 1, "empty"],
    ["plan", 1, 'properties["plan"]'],
    ['plan == "pro"', 1, 'properties["plan"]'],
    ["$browser", 1, 'properties["$browser"]'],
    ['properties["plan"] = "pro"', 20, "=="],
    ['properties["plan"] === "pro"', 20, "=="],
    ['properties["plan"] !== "pro"', 20, "!="],
    ['properties["plan"] <> "pro"', 20, "!="],
    ['properties["a"] == 1 && properties["b"] == 2', 22, "and"],
    ['properties["a"] == 1 || properties["b"] == 2', 22, "or"],
    ['!defined(properties["a"])', 1, "not"],
    ['properties["plan"] LIKE "pro%"', 20, '"piece" in'],
    ['properties["plan"] like "pro%"', 20, '"piece" in'],
    ['properties["plan"] IS NULL', 20, "defined("],
    ['properties["plan"] is not null', 20, "defined("],
    ['properties["plan"] BETWEEN 1 AND 5', 20, ">="],
    ['properties["plan"] NOT IN ["a"]', 20, "not (properties"],
    ['properties["plan"] not in ["a"]', 20, "not (properties"],
    ['properties["plan"] IN ["a"]', 20, "lower case"],
    ['properties["a"] == 1 AND properties["b"] == 2', 22, "lower case"],
    ['properties["a"] == 1 OR properties["b"] == 2', 22, "lower case"],
    ['NOT defined(properties["a"])', 1, "lower case"],
    ['NOT(defined(properties["a"]))', 1, "lower case"],
    ['properties["a"] == 1 AND (properties["b"] == 2)', 22, "lower case"],
    ['and(properties["a"], true)', 1, "both sides"],
    ['properties["a"] == TRUE', 20, "lower case"],
    ['properties["a"] == NULL', 20, "not defined"],
    ['properties["a"] == None', 20, "not defined"],
    ["properties['plan'] == 'pro'", 12, "double quotes"],
    ["properties[\"plan\"] == 'pro'", 23, "double quotes"],
    ["properties[“plan”] == 1", 12, "double quotes"],
    ["`plan` == 1", 1, "double quotes"],
    ['properties.plan == "pro"', 11, 'properties["plan"]'],
    ['user.$email == "a@b.c"', 5, 'user["$email"]'],
    ['properties["plan"].x', 19, "dot"],
    ["properties[plan]", 12, 'properties["plan"]'],
    ["properties[]", 12, "double quotes"],
    ["properties", 1, 'properties["name"]'],
    ["user == 1", 1, 'user["name"]'],
    ['properties["plan"', 18, "ends here"],
    ['properties["plan', 12, "never closed"],
    ['properties["plan"] ==', 22, "ends here"],
    ['properties["plan"] == "pro', 23, "never closed"],
    ['(properties["plan"] == "pro"', 29, "expected )"],
    ['properties["plan"] == "pro")', 28, "brackets"],
    ['properties["plan"] in ("a", "b")', 23, 'in ["a", "b"]'],
    ['properties["plan"] in ["a", "b"', 32, "ends here"],
    ['properties["plan"] == "pro" or "team"', 32, "Repeat the comparison"],
    ['properties["plan"] == "pro" and 5', 33, "Repeat the comparison"],
    ['properties["a"] properties["b"]', 17, "and or or"],
    ['properties["a"] == == 1', 20, "found =="],
    ["and", 1, "expected"],
    ["1 +", 4, "ends here"],
    ["floor(", 7, "ends here"],
    ["floor(1", 8, "ends here"],
    ['datetime(properties["a"]) >= datetime(NOW -604800)', 43, "NOW - 604800"],
    ["now - 5 > 1", 1, "NOW in capitals"],
    ['properties["a"] == 1;', 21, "Leave it out"],
    ['properties["a"] == #', 20, "unexpected character #"],
    ['"🛒" == 🛒', 8, "unexpected character 🛒"],
    ["1 2", 3, "operator or the end"],
    ['where properties["a"] == 1', 1, "without where"],
  ].map(([text, position, hint]) => [String(text), Number(position), String(hint)]);
  test.each(table)("%s", (text, position, hint) => {
    const fault = faultOf(() => checkExpression(text, "where"));
    expect(fault.code).toBe("QUERY_INVALID");
    expect(fault.message).toContain("where is not a valid expression");
    expect(fault.message).toContain(`position ${position}`);
    expect(fault.details).toEqual({ parameter: "where", position });
    expect([fault.message, ...fault.suggestions].join(" ")).toContain(hint);
    const example = /^A valid where: (.*)$/.exec(fault.suggestions.at(-1) ?? "")?.[1] ?? "";
    expect(() => checkExpression(example, "where")).not.toThrow();
  });

  test("the example fits the parameter", () => {
    const long = faultOf(() => checkExpression("x".repeat(70_000), "where"));
    expect(long.message.length + long.suggestions.join("").length).toBeLessThan(1_500);
    expect(faultOf(() => checkExpression("(", "on")).suggestions.at(-1)).toBe('A valid on: properties["plan"]');
  });

  test("depth and length cannot exhaust the stack", () => {
    expect(() => parse(`${"(".repeat(100_000)}1`)).toThrow(ExpressionError);
    expect(() => parse(`${"not ".repeat(100_000)}true`)).toThrow(ExpressionError);
    expect(() => parse(`${"-".repeat(100_000)}1`)).toThrow(ExpressionError);
    expect(() => parse(Array(100_000).fill("1").join(" + "))).toThrow(ExpressionError);
    expect(value(Array(5_000).fill("false").join(" or "))).toBe(false);
  });

  test("parse either returns or throws ExpressionError, whatever the text", () => {
    const pieces = fc.constantFrom(
      'properties["a"]',
      "and",
      "or",
      "not",
      "in",
      "(",
      ")",
      "[",
      "]",
      ",",
      "==",
      "-",
      "1",
      '"',
      "NOW",
      "\\",
      "x",
      " ",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        try {
          evaluate(parse(parts.join(" ")), { event, now: NOW, timezone: "UTC" });
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
    );
  });
});

describe("names", () => {
  const table: [string, string][] = [
    ["plan", 'properties["plan"]'],
    ["$browser", 'properties["$browser"]'],
    ["Plan Name", 'properties["Plan Name"]'],
    ["Price (USD)", 'properties["Price (USD)"]'],
    ["a.b.c", 'properties["a.b.c"]'],
    ["a + b", 'properties["a + b"]'],
    ['say "hi"', 'properties["say \\"hi\\""]'],
    ["back\\slash", 'properties["back\\\\slash"]'],
    ['\\"', 'properties["\\\\\\""]'],
    ["🛒 cart", 'properties["🛒 cart"]'],
    ["prénom", 'properties["prénom"]'],
    ["properties", 'properties["properties"]'],
    ["properties.plan", 'properties["properties.plan"]'],
    ["floor(5)", 'properties["floor(5)"]'],
    ["it's", 'properties["it\'s"]'],
    ['properties["plan"]', 'properties["plan"]'],
    ['user["$email"]', 'user["$email"]'],
    ['event["$time"]', 'event["$time"]'],
    ['floor(properties["amount"] / 100)', 'floor(properties["amount"] / 100)'],
    ['string(user["plan"])', 'string(user["plan"])'],
    ['group_properties["company"]["plan"]', 'group_properties["company"]["plan"]'],
  ];
  test.each(table)("%s", (name, accessor) => {
    expect(toAccessor(name)).toBe(accessor);
    expect(() => checkExpression(accessor, "on")).not.toThrow();
  });

  test("any name survives quoting", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 255 }), (name) => {
        expect(parse(quoteProperty(name))).toEqual({
          kind: "property",
          scope: "properties",
          path: [name],
          position: 0,
        });
      }),
    );
  });
});

function faultOf(run: () => void): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
