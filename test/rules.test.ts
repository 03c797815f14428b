/** The repository's own rules, kept by a machine: what the architecture promises a newcomer. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ALL_TOOLS } from "../src/tools/index.ts";

const root = join(import.meta.dir, "..");
const src = join(root, "src");
const MAX_LINES = 300;

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(src, name));
const read = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
const named = (file: string) => relative(root, file);

/** Code without comments and string contents, so that words in prose do not count. */
function code(file: string): string {
  return (read.get(file) ?? "")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[\s;{}(,])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

/** Files imported when the module loads; `await import()` and types alone do not make a cycle. */
function imports(file: string): string[] {
  const found = (read.get(file) ?? "").matchAll(/^(?:import|export)\s+(?!type\b)[^"';]*?from\s+"(\.[^"]+)"/gm);
  return [...found].map((match) => resolve(dirname(file), match[1] ?? "")).filter((path) => path.endsWith(".ts"));
}

describe("imports", () => {
  const LAYERS = ["main.ts", "cli", "server", "tools", "workspace", "mixpanel|store|sample|guides", "leaf"];
  const layer = (file: string) => {
    const [first = ""] = relative(src, file).split("/");
    const at = LAYERS.findIndex((names) => names.split("|").includes(first));
    return at === -1 ? LAYERS.length - 1 : at;
  };

  test("point down or to a leaf, never up, never between mixpanel/ and store/", () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .filter((target) => layer(target) < layer(file) || sideways(file, target))
        .map((target) => `${named(file)} -> ${named(target)}`),
    );
    expect(wrong).toEqual([]);
  });

  /** The sample may use the expression language; everything else between the lowest folders is sideways. */
  function sideways(file: string, target: string): boolean {
    const [from = ""] = relative(src, file).split("/");
    const [to = ""] = relative(src, target).split("/");
    const peers = ["mixpanel", "store", "sample", "guides"];
    if (from === "sample" && /mixpanel\/(expression|dates)/.test(target)) return false;
    return from !== to && peers.includes(from) && peers.includes(to);
  }

  test("make no cycle", () => {
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (file: string, trail: string[]) => {
      if (state.get(file) === "done" || !read.has(file)) return;
      if (state.get(file) === "open") {
        cycles.push([...trail.slice(trail.indexOf(file)), file].map(named).join(" -> "));
        return;
      }
      state.set(file, "open");
      for (const target of imports(file)) visit(target, [...trail, file]);
      state.set(file, "done");
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test("tools never import each other", () => {
    const shared = new Set(["tool.ts", "params.ts"]);
    const wrong = files
      .filter((file) => dirname(file) === join(src, "tools") && !file.endsWith("/index.ts"))
      .flatMap((file) =>
        imports(file)
          .filter(
            (target) => dirname(target) === join(src, "tools") && !shared.has(relative(join(src, "tools"), target)),
          )
          .filter((target) => ALL_TOOLS.some((tool) => target.endsWith(`/${tool.name}.ts`)))
          .map((target) => `${named(file)} -> ${named(target)}`),
      );
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test(`stay under ${MAX_LINES} lines`, () => {
    const long = files.filter((file) => (read.get(file) ?? "").split("\n").length > MAX_LINES).map(named);
    expect(long).toEqual([]);
  });

  test("use no any, no non-null assertion switch, no @ts-ignore", () => {
    const wrong = files
      .filter(
        (file) =>
          /@ts-(ignore|expect-error|nocheck)|biome-ignore-all/.test(read.get(file) ?? "") ||
          /[:<(|,&]\s*any\b(?!\w)/.test(code(file)),
      )
      .map(named);
    expect(wrong).toEqual([]);
  });

  const only = (pattern: RegExp, allowed: string[]) =>
    files.filter((file) => pattern.test(code(file)) && !allowed.includes(relative(src, file))).map(named);

  test("print only through the log", () => expect(only(/\bconsole\./, ["log.ts"])).toEqual([]));
  test("read the environment only in config.ts", () =>
    expect(only(/\bprocess\.env\b|\bBun\.env\b/, ["config.ts"])).toEqual([]));
  test("fetch only in the client", () =>
    expect(only(/(?<![.\w])fetch\(/, ["mixpanel/client.ts", "mixpanel/server-date.ts"])).toEqual([]));
});

describe("tools", () => {
  for (const tool of ALL_TOOLS) {
    test(`${tool.name} has its file and its test`, () => {
      expect(existsSync(join(src, "tools", `${tool.name}.ts`))).toBe(true);
      expect(existsSync(join(root, "test/tools", `${tool.name}.test.ts`))).toBe(true);
    });
  }
});
