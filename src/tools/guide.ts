import { z } from "zod";
import { Fault } from "../fault.ts";
import { GUIDES } from "../guides/index.ts";
import { nearest } from "../nearest.ts";
import { knownNames } from "../workspace/known.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

const TOPICS = GUIDES.map(({ name }) => name);

export const guide = defineTool({
  name: "guide",
  title: "Methods of analysis",
  description:
    "How to do an analysis well with these tools: step by step, which tool and arguments, how to read results, which traps. Topics: funnels, retention, growth accounting, experiments (A/B tests), data quality, local SQL, goals to metrics. Without a topic: the list. Free.",
  toolset: "guide",
  annotations: LOCAL_READ,
  input: () => z.strictObject({ topic: z.string().optional().describe("e.g. funnel_analysis") }),
  output: () =>
    z.object({
      topic: z.string().optional(),
      title: z.string().optional(),
      text: z.string().optional(),
      topics: z.array(z.object({ topic: z.string(), title: z.string(), description: z.string() })).optional(),
    }),
  async handler(workspace, { topic }) {
    if (topic === undefined || topic.trim() === "") {
      return { topics: GUIDES.map(({ name, title, description }) => ({ topic: name, title, description })) };
    }
    const wanted = topic
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, "_");
    const found = GUIDES.find(({ name }) => name === wanted);
    if (!found) throw unknownTopic(topic);
    return { topic: found.name, title: found.title, text: found.text(knownNames(workspace), {}) };
  },
  page: ({ text }) => text,
  summary: ({ topics, title }) => (topics ? `${topics.length} methods; ask for one with topic.` : `Method: ${title}.`),
});

function unknownTopic(topic: string): Fault {
  const near = nearest(topic, TOPICS, 1)[0];
  return new Fault("NOT_FOUND", `There is no guide on ${JSON.stringify(topic.slice(0, 60))}.`, {
    suggestions: [...(near ? [`Did you mean ${near}?`] : []), `Topics: ${TOPICS.join(", ")}.`],
    details: { topics: TOPICS },
  });
}
