import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Harness } from "../../harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await connect();
});
afterAll(() => harness.close());

const textOf = async (name: string, args: Record<string, string>) => {
  const { messages } = await harness.client.getPrompt({ name, arguments: args });
  return JSON.stringify(messages);
};
const complete = async (name: string, argument: string, value: string) =>
  (await harness.client.complete({ ref: { type: "ref/prompt", name }, argument: { name: argument, value } }))
    .completion;

describe("prompts", () => {
  test("are listed with their arguments", async () => {
    const { prompts } = await harness.client.listPrompts();
    const signatures = prompts.map(
      ({ name, arguments: args }) => `${name}(${args?.map((argument) => argument.name).join(", ")})`,
    );
    expect(signatures).toEqual([
      "analytics_workflow()",
      "funnel_analysis(funnel)",
      "retention_analysis(event)",
      "local_analysis_workflow()",
      "goal_question_metric(goal)",
      "growth_accounting(acquisition_event)",
      "experiment_analysis(experiment)",
      "data_quality_audit(event)",
    ]);
    for (const { title, description } of prompts) expect(`${title}${description}`.length).toBeGreaterThan(30);
  });

  test("a missing argument and an unknown prompt are said so", async () => {
    await expect(harness.client.getPrompt({ name: "funnel_analysis" })).rejects.toThrow(
      "funnel_analysis needs the argument funnel",
    );
    await expect(harness.client.getPrompt({ name: "funnel_analysis", arguments: { funnel: " " } })).rejects.toThrow(
      "needs the argument",
    );
    await expect(harness.client.getPrompt({ name: "funnel" })).rejects.toThrow("Did you mean funnel_analysis?");
  });

  test("are filled with what the session has seen, and complete from it; neither asks Mixpanel", async () => {
    expect(await complete("retention_analysis", "event", "")).toEqual({ values: [], total: 0, hasMore: false });
    await harness.call("list_events");
    await harness.call("list_funnels");
    const requests = harness.sample.log.length;
    const { values } = await complete("retention_analysis", "event", "");
    expect(values.length).toBeGreaterThan(3);
    const [event = ""] = values;
    expect((await complete("data_quality_audit", "event", event.slice(0, 3).toUpperCase())).values).toContain(event);
    expect((await complete("data_quality_audit", "event", "no such beginning")).values).toEqual([]);
    const funnels = (await complete("funnel_analysis", "funnel", "")).values;
    expect(funnels.length).toBeGreaterThan(0);
    expect(await textOf("funnel_analysis", { funnel: funnels[0] ?? "" })).toMatch(/funnel_id=\d+/);
    expect(await textOf("retention_analysis", { event })).toContain("born_event=");
    expect((await complete("goal_question_metric", "goal", "x")).values).toEqual([]);
    expect((await complete("retention_analysis", "nothing", "x")).values).toEqual([]);
    expect(harness.sample.log.length).toBe(requests);
  });

  test("completion of what does not exist is an error", async () => {
    await expect(complete("nothing", "event", "")).rejects.toThrow();
    await expect(
      harness.client.complete({
        ref: { type: "ref/resource", uri: "nothing://{x}" },
        argument: { name: "x", value: "" },
      }),
    ).rejects.toThrow();
  });

  test("after a restart, the events of fetched tables are known", async () => {
    const first = await connect({ shared: harness.sample, dataDir: harness.dataDir });
    const { structured } = await first.call("fetch_events", {
      from_date: "yesterday",
      to_date: "yesterday",
      wait_seconds: 40,
    });
    expect(structured["status"]).toBe("completed");
    // The statistics of a table are gathered once, by whoever needs them first.
    await first.call("event_breakdown", { table: "events" });
    await first.close();
    const again = await connect({ shared: harness.sample, dataDir: harness.dataDir });
    const requests = harness.sample.log.length;
    const completion = {
      ref: { type: "ref/prompt" as const, name: "retention_analysis" },
      argument: { name: "event", value: "" },
    };
    const { values } = (await again.client.complete(completion)).completion;
    expect(values.length).toBeGreaterThan(3);
    const { messages } = await again.client.getPrompt({ name: "analytics_workflow" });
    expect(JSON.stringify(messages)).toContain('Stored tables: \\"events\\" (events, ');
    expect(harness.sample.log.length).toBe(requests);
    await again.close();
  });
});
