/** Plain requests to a sample service, for tests. */
import type { Sample } from "../../../src/sample/service.ts";

export type Params = Record<string, string | number | undefined>;
export type Answer = { status: number; headers: Headers; text: string; json: unknown };

export type SampleClient = {
  query(path: string, params?: Params): Promise<Answer>;
  form(path: string, fields: Params): Promise<Answer>;
  json(path: string, body: unknown): Promise<Answer>;
  app(path: string, params?: Params): Promise<Answer>;
  /** Raw events as parsed lines. */
  lines(params: Params): Promise<{ event: string; properties: Record<string, unknown> }[]>;
  send(path: string, init?: RequestInit): Promise<Answer>;
};

type Credentials = { username: string; secret: string };

export function clientOf(sample: Sample, { username, secret }: Credentials = sample.credentials): SampleClient {
  const authorization = `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`;
  const { projectId } = sample.credentials;
  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(sample.url + path, { ...init, headers: { authorization, ...init.headers } });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
  const search = (params: Params) => {
    const entries = Object.entries(params).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    return new URLSearchParams(entries).toString();
  };
  return {
    send,
    query: (path, params = {}) => send(`/api/query/${path}?${search({ project_id: projectId, ...params })}`),
    form: (path, fields) => {
      const url = `/api/query/${path}?project_id=${projectId}`;
      return send(url, { method: "POST", body: new URLSearchParams(search(fields)) });
    },
    json: (path, body) => {
      const headers = { "Content-Type": "application/json" };
      return send(`/api/query/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    },
    app: (path, params = {}) => send(`/api/app/${path}?${search(params)}`),
    async lines(params) {
      const { text } = await send(`/api/2.0/export?${search({ project_id: projectId, ...params })}`);
      return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `YYYY-MM-DD`, so many days from the sample's today. */
export function daysAgo(sample: Sample, days: number): string {
  return new Date((sample.data.days.today - days) * 86_400_000).toISOString().slice(0, 10);
}
