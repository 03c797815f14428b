import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../harness.ts";

const TOPICS = [
  "analytics_workflow",
  "funnel_analysis",
  "retention_analysis",
  "local_analysis_workflow",
  "goal_question_metric",
  "growth_accounting",
  "experiment_analysis",
  "data_quality_audit",
];

let harness: Harness;
beforeAll(async () => {
  harness = await connect();
});
afterAll(() => harness.close());

describe("guide", () => {
  test("lists its topics", async () => {
    const { structured, text } = await harness.call("guide");
    expect((structured["topics"] as { topic: string }[]).map(({ topic }) => topic)).toEqual(TOPICS);
    for (const topic of TOPICS) expect(text).toContain(topic);
  });

  test.each(TOPICS)("%s", async (topic) => {
    const { structured } = await harness.call("guide", { topic });
    expect(structured["topic"]).toBe(topic);
    expect(String(structured["text"])).toStartWith("# ");
  });

  test("is forgiving about how a topic is written", async () => {
    expect((await harness.call("guide", { topic: " Funnel Analysis " })).structured["topic"]).toBe("funnel_analysis");
    expect((await harness.call("guide", { topic: "growth-accounting" })).structured["topic"]).toBe("growth_accounting");
    expect((await harness.call("guide", { topic: "" })).structured["topics"]).toBeDefined();
  });

  test("an unknown topic names the nearest and all others", async () => {
    const { error } = await harness.call("guide", { topic: "retention" });
    expect(error?.code).toBe("NOT_FOUND");
    expect(error?.suggestions[0]).toContain("retention_analysis");
    expect(error?.details?.["topics"]).toEqual(TOPICS);
  });

  test("costs nothing, and uses the names the session has seen", async () => {
    const before = harness.sample.log.length;
    expect(String((await harness.call("guide", { topic: "analytics_workflow" })).structured["text"])).toContain(
      "none are loaded",
    );
    expect(harness.sample.log.length).toBe(before);
    const [event] = (await harness.call("list_events")).structured["events"] as string[];
    const after = harness.sample.log.length;
    const { structured } = await harness.call("guide", { topic: "analytics_workflow" });
    expect(String(structured["text"])).toContain(JSON.stringify(event));
    expect(harness.sample.log.length).toBe(after);
  });

  test("the prompt says the same", async () => {
    const { structured } = await harness.call("guide", { topic: "local_analysis_workflow" });
    const { messages } = await harness.client.getPrompt({ name: "local_analysis_workflow" });
    expect(messages[0]?.content).toMatchObject({ type: "text", text: structured["text"] });
  });
});
