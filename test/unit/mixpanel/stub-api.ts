/** An Api that answers one body and remembers what was asked: replies go through the endpoint's own schema. */
import type { z } from "zod";
import type { Api, Call } from "../../../src/mixpanel/api.ts";

export type Stub = Api & { calls: Call<unknown>[] };

export function stubApi(body: unknown): Stub {
  const calls: Call<unknown>[] = [];
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    projectId: "3000001",
    region: "us",
    origin: "http://127.0.0.1",
    calls,
    async call<T>(call: Call<T>): Promise<T> {
      calls.push({ ...call, reply: call.reply as z.ZodType<unknown> });
      return call.reply.parse(JSON.parse(text));
    },
    download: () => Promise.reject(new Error("not used")),
    quota: () => ({
      query: { used: 0, limit: 60, resets_at: null },
      export: { used: 0, limit: 60, resets_at: null },
    }),
    notes: () => [],
    close: () => {},
  };
}
