/**
 * Can a reader find the right tool? A keyword ranking (BM25) over what a model sees of each tool is a fair stand-in: what even
 * word matching finds, a model finds; what it does not, the description says badly.
 */
import { describe, expect, test } from "bun:test";
import type { CatalogueEntry } from "../src/server/catalogue.ts";
import { buildCatalogue } from "../src/server/catalogue-build.ts";
import { ALL_TOOLS } from "../src/tools/index.ts";
import { QUESTIONS } from "./questions.ts";

/** How much a word counts by where it stands. */
const WEIGHTS = { name: 4, title: 2, description: 1, parameters: 0.5 };
const K = 1.2;
const B = 0.6;

const STOP = new Set(
  "a an and are as at be by can did do does each for from have how i in into is it its last many me much of on or our out some take that the their them there they this to was we were what which will with without".split(
    " ",
  ),
);

/** Words of a text, lower case, without the commonest endings, so that "retained" meets "retention" halfway at least. */
function words(text: string): string[] {
  const found = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return found
    .filter((word) => !STOP.has(word))
    .map((word) => word.replace(/(?:ies)$/, "y").replace(/(?<=[a-z]{3})(?:ing|ed|es|s|e|ion|ly)$/, ""));
}

type Document = { name: string; weights: Map<string, number>; length: number };

const documents: Document[] = (buildCatalogue(ALL_TOOLS) as CatalogueEntry[]).map((tool) => {
  const fields: [string, number][] = [
    [tool.name, WEIGHTS.name],
    [tool.title ?? "", WEIGHTS.title],
    [tool.description ?? "", WEIGHTS.description],
    [Object.keys(tool.inputSchema.properties ?? {}).join(" "), WEIGHTS.parameters],
  ];
  const weights = new Map<string, number>();
  for (const [text, weight] of fields)
    for (const word of words(text)) weights.set(word, (weights.get(word) ?? 0) + weight);
  return { name: tool.name, weights, length: [...weights.values()].reduce((sum, weight) => sum + weight, 0) };
});

const average = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;

function ranking(question: string): string[] {
  const asked = [...new Set(words(question))];
  const scored = documents.map(({ name, weights, length }) => {
    const score = asked.reduce((sum, word) => {
      const weight = weights.get(word) ?? 0;
      const holders = documents.filter((other) => other.weights.has(word)).length;
      const rarity = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5));
      return sum + (rarity * weight * (K + 1)) / (weight + K * (1 - B + (B * length) / average));
    }, 0);
    return { name, score };
  });
  return scored.sort((a, b) => b.score - a.score).map(({ name }) => name);
}

test("every tool has a question", () => {
  const asked = new Set(QUESTIONS.map(({ tool }) => tool));
  expect(ALL_TOOLS.map(({ name }) => name).filter((name) => !asked.has(name))).toEqual([]);
  expect(QUESTIONS.length).toBeGreaterThanOrEqual(40);
});

describe("the right tool is among the first three", () => {
  test.each(QUESTIONS.map(({ question, tool }) => [question, tool] as const))("%s", (question, tool) => {
    expect(ranking(question).slice(0, 3)).toContain(tool);
  });
});

test("and mostly the first", () => {
  const missed = QUESTIONS.filter(({ question, tool }) => ranking(question)[0] !== tool).map(
    ({ question, tool }) => `${tool}: ${question} -> ${ranking(question)[0]}`,
  );
  expect(missed.length / QUESTIONS.length, missed.join("\n")).toBeLessThanOrEqual(0.25);
});
