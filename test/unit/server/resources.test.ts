import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { connect, type Harness } from "../../harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await connect();
});
afterAll(() => harness.close());

const read = async (uri: string) => {
  const { contents } = await harness.client.readResource({ uri });
  expect(contents).toHaveLength(1);
  expect(contents[0]).toMatchObject({ uri, mimeType: "text/plain" });
  return String(contents[0] && "text" in contents[0] ? contents[0].text : "");
};
const uris = async () => (await harness.client.listResources()).resources.map(({ uri }) => uri);
const complete = async (uri: string, name: string, value: string) =>
  (await harness.client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } })).completion.values;

describe("resources", () => {
  test("are listed without asking Mixpanel", async () => {
    const requests = harness.sample.log.length;
    expect(await uris()).toEqual([
      "workspace://info",
      "workspace://tables",
      "schema://events",
      "schema://funnels",
      "schema://cohorts",
      "schema://bookmarks",
    ]);
    const { resourceTemplates } = await harness.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "schema://properties/{event}",
      "workspace://schema/{table}",
      "workspace://sample/{table}",
      "users://{distinct_id}/journey",
    ]);
    expect(harness.sample.log.length).toBe(requests);
  });

  test("say what the tools say", async () => {
    for (const [uri, tool] of [
      ["schema://events", "list_events"],
      ["schema://funnels", "list_funnels"],
      ["schema://cohorts", "list_cohorts"],
      ["schema://bookmarks", "list_bookmarks"],
      ["workspace://tables", "list_tables"],
    ] as const) {
      expect(await read(uri)).toBe((await harness.call(tool)).text);
    }
    expect(await read("workspace://info")).toContain(harness.sample.credentials.projectId);
  });

  test("templates take a name, percent-encoded or not", async () => {
    const [event = ""] = (await harness.call("list_events")).structured["events"] as string[];
    const text = (await harness.call("list_properties", { event })).text;
    expect(await read(`schema://properties/${encodeURIComponent(event)}`)).toBe(text);
    const distinctId = harness.sample.data.events[0]?.person.id ?? "";
    expect(await read(`users://${encodeURIComponent(distinctId)}/journey`)).toContain("events");
  });

  test.each([
    "nothing://x",
    "workspace://schema/no_such_table",
    "workspace://sample/..",
    "workspace://schema/%2e%2e%2fx",
    "schema://properties/%zz",
    `workspace://schema/${"x".repeat(400)}`,
  ])("%s is not found", async (uri) => {
    await expect(harness.client.readResource({ uri })).rejects.toMatchObject({ code: -32002 });
  });

  test("a subscription to nothing is refused", async () => {
    await expect(harness.client.subscribeResource({ uri: "nothing://x" })).rejects.toMatchObject({ code: -32002 });
  });
});

describe("tables", () => {
  test("come and go: the list changes, subscribers are told, completion knows", async () => {
    let lists = 0;
    const updated: string[] = [];
    harness.client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void lists++);
    harness.client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void updated.push(params.uri),
    );
    await harness.client.subscribeResource({ uri: "workspace://tables" });
    await harness.client.subscribeResource({ uri: "workspace://schema/told" });
    await harness.client.subscribeResource({ uri: "workspace://schema/other" });
    await harness.client.subscribeResource({ uri: "schema://events" });
    await harness.call("fetch_events", {
      from_date: "yesterday",
      to_date: "yesterday",
      table: "told",
      wait_seconds: 30,
    });
    expect(lists).toBeGreaterThan(0);
    expect(new Set(updated)).toEqual(new Set(["workspace://tables", "workspace://schema/told"]));
    expect(await uris()).toContain("workspace://sample/told");
    expect(await complete("workspace://schema/{table}", "table", "TO")).toEqual(["told"]);
    expect(await read("workspace://sample/told")).toContain("event_name");
    expect(await read("workspace://schema/told")).toContain("distinct_id");

    lists = 0;
    updated.length = 0;
    await harness.client.unsubscribeResource({ uri: "workspace://tables" });
    await harness.call("drop_table", { table: "told" });
    expect(lists).toBe(1);
    expect(new Set(updated)).toEqual(new Set(["workspace://schema/told"]));
    expect(await uris()).not.toContain("workspace://sample/told");
  });
});

describe("toolsets", () => {
  test("leave out what their tools would answer", async () => {
    const { openSession } = await import("../../../src/cli/session.ts");
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { InMemoryTransport } = await import("@modelcontextprotocol/sdk/inMemory.js");
    const { server, workspace } = openSession(
      { ...harness.workspace.config, toolsets: ["local"] },
      harness.workspace.log,
      (text) => text,
    );
    const client = new Client({ name: "test", version: "0" });
    const [near, far] = InMemoryTransport.createLinkedPair();
    await Promise.all([server.connect(far), client.connect(near)]);
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(["workspace://tables"]);
    await expect(client.readResource({ uri: "schema://events" })).rejects.toMatchObject({ code: -32002 });
    await client.close();
    await workspace.close();
  });
});
