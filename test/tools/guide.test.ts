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

describe("the SQL of the guides runs in the sandbox, on fetched events", () => {
  const days = { from_date: "15 days ago", to_date: "yesterday" };
  const sqlOf = async (topic: string) => {
    const { structured } = await harness.call("guide", { topic });
    return [...String(structured["text"]).matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  };
  const rows = async (query: string) => {
    const { structured } = await harness.call("sql", { query });
    const columns = (structured["columns"] as { name: string }[]).map(({ name }) => name);
    return (structured["rows"] as unknown[][]).map((row) =>
      Object.fromEntries(row.map((value, index) => [columns[index], value])),
    );
  };

  test("growth accounting adds up week by week", async () => {
    const [event = ""] = (await harness.call("list_events", { search: "sign" })).structured["events"] as string[];
    await harness.call("fetch_events", { ...days, table: "growth", wait_seconds: 50 });
    const [query = ""] = await sqlOf("growth_accounting");
    const weeks = (await rows(query.replace("'ACQ'", `'${event}'`))) as Record<
      "active" | "new" | "retained" | "resurrected" | "churned",
      number
    >[];
    expect(weeks.length).toBeGreaterThan(2);
    for (const [index, week] of weeks.entries()) {
      expect(week.active).toBe(week.new + week.retained + week.resurrected);
      if (index > 0) expect(week.retained + week.churned).toBe(weeks[index - 1]?.active ?? 0);
    }
    expect(weeks.some((week) => week.new > 0 && week.retained > 0 && week.churned > 0)).toBe(true);
  });

  test("the others run as they stand", async () => {
    for (const table of ["events", "exp", "audit"]) {
      await harness.call("fetch_events", { from_date: "2 days ago", to_date: "yesterday", table, wait_seconds: 50 });
    }
    for (const topic of ["local_analysis_workflow", "experiment_analysis", "data_quality_audit"]) {
      for (const query of await sqlOf(topic)) expect(Array.isArray(await rows(query))).toBe(true);
    }
    const [audit] = await rows((await sqlOf("data_quality_audit"))[0] ?? "");
    expect(audit).toMatchObject({ bad_ids: 0, no_time: 0, future: 0 });
  });
});

describe("every call the guides write out works as it stands", () => {
  /** `tool(a="x", b=5)` with all arguments given; calls with a placeholder (`"..."`, `<id>`) are left to the reader. */
  function callsIn(text: string): (readonly [tool: string, args: Record<string, unknown>])[] {
    const prose = text.replaceAll(/```[\s\S]*?```/g, "");
    const written = [...prose.matchAll(/`([a-z_]+)\(((?:[^`"]|"(?:[^"\\]|\\.)*")*)\)`/g)];
    return written
      .filter(([, , args = ""]) => !/\.\.\.|<|SELECT/.test(args))
      .map(([, tool = "", args = ""]) => {
        const pairs = [...args.matchAll(/([a-z_]+)=("(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|[\w.]+)/g)];
        const read = pairs.map(([, name = "", value = ""]) => [
          name,
          value.startsWith("'") ? value.slice(1, -1) : JSON.parse(value),
        ]);
        return [tool, Object.fromEntries(read) as Record<string, unknown>] as const;
      });
  }

  test("on the sample project", async () => {
    const [event = ""] = (await harness.call("list_events", { search: "sign" })).structured["events"] as string[];
    const [funnel] = (await harness.call("list_funnels")).structured["funnels"] as { name: string }[];
    const given = {
      event,
      acquisition_event: event,
      funnel: funnel?.name ?? "",
      experiment: "New checkout",
      goal: "More sales",
    };
    const { prompts } = await harness.client.listPrompts();
    const tools = (await harness.client.listTools()).tools.map(({ name }) => name);
    const seen = new Set<string>();
    for (const prompt of prompts) {
      const args = Object.fromEntries(
        (prompt.arguments ?? []).map(({ name }) => [name, given[name as keyof typeof given]]),
      );
      const { messages } = await harness.client.getPrompt({ name: prompt.name, arguments: args });
      const text = messages[0]?.content.type === "text" ? messages[0].content.text : "";
      for (const [tool, callArgs] of callsIn(text)) {
        const key = `${tool} ${JSON.stringify(callArgs)}`;
        // Big downloads and removals are not for this test; what they take is checked by their own.
        if (
          !tools.includes(tool) ||
          seen.has(key) ||
          tool.startsWith("fetch") ||
          tool.startsWith("drop") ||
          tool === "export_table"
        )
          continue;
        seen.add(key);
        const { error } = await harness.call(tool, callArgs);
        // A table or an experiment the sample does not have is fine; a call that cannot be made is not.
        expect(
          [undefined, "TABLE_NOT_FOUND", "NOT_FOUND", "SQL_ERROR", "RATE_LIMITED"],
          `${prompt.name}: ${key}: ${error?.message}`,
        ).toContain(error?.code);
      }
    }
    expect(seen.size).toBeGreaterThan(15);
  });
});
