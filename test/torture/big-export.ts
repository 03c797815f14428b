/** A Mixpanel with much to export, in a thread of its own so that the test's clock is not its own. Posts its URL when it is up. */
import { gzipSync } from "node:zlib";

declare const self: Worker;

function day(date: string, events: number): Uint8Array {
  const start = Date.parse(`${date}T00:00:00Z`) / 1000;
  const lines = Array.from({ length: events }, (_, index) => {
    const time = start + ((index * 37) % 86_400);
    return `{"event":"Page View","properties":{"time":${time},"distinct_id":"u${index % 9_973}","$insert_id":"${date}-${index}","plan":"pro","$os":"iOS","n":${index}}}`;
  });
  return gzipSync(`${lines.join("\n")}\n`, { level: 1 });
}

const days: Record<string, Uint8Array> = {};

self.onmessage = ({ data }: MessageEvent<{ eventsPerDay: number }>) => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (!pathname.endsWith("/export")) return Response.json({ status: "ok", results: {} });
      const from = searchParams.get("from_date") ?? "";
      const to = searchParams.get("to_date") ?? "";
      const parts: Uint8Array[] = [];
      for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
        const date = new Date(at).toISOString().slice(0, 10);
        days[date] ??= day(date, data.eventsPerDay);
        parts.push(days[date]);
      }
      return new Response(Buffer.concat(parts), {
        headers: { "content-encoding": "gzip", "content-type": "text/plain" },
      });
    },
  });
  self.postMessage(`http://127.0.0.1:${server.port}`);
};
