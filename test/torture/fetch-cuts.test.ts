/** Streams cut at random bytes in every way a network can cut them: each is noticed, asked for again, and comes out equal. */
import { afterEach, expect, test } from "bun:test";
import { type FetchWorkspace, openFetchWorkspace } from "../fetch-workspace.ts";
import { dayLines, type Fault, type RawExport, startRawExport } from "../raw-export.ts";

const EVENTS = 400;
const DAYS = Array.from({ length: 28 }, (_, day) => `2026-02-${String(day + 1).padStart(2, "0")}`);
const RANGE = { from_date: "2026-02-01", to_date: "2026-02-28" };
const ROUNDS = 16;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(
  fault: (days: string, nth: number) => Fault,
): Promise<{ raw: RawExport; fetching: FetchWorkspace }> {
  const raw = await startRawExport({ eventsPerDay: EVENTS, fault });
  const fetching = await openFetchWorkspace({ url: raw.url });
  open.push(raw, fetching);
  return { raw, fetching };
}

function randomFault(): Fault {
  const at = Math.random();
  const kinds: Fault[] = [
    { kind: "fin", at },
    { kind: "rst", at },
    { kind: "shortLength", at },
    { kind: "noLastChunk", at },
    { kind: "gzipCut", at },
    { kind: "closeDelimited", at },
    { kind: "noTrailer" },
    { kind: "crcFlip" },
    { kind: "terminatedEarly" },
    { kind: "gluedTermination" },
    { kind: "html" },
    { kind: "halfLine" },
    { kind: "errorLine" },
    { kind: "empty" },
    { kind: "status", status: 503 },
  ];
  return kinds[Math.floor(Math.random() * kinds.length)] ?? { kind: "none" };
}

const expected = DAYS.flatMap((day) => [...new Set(dayLines(day, EVENTS))]).length;

for (let round = 1; round <= ROUNDS; round++) {
  test(`round ${round}: 28 days, every request cut once or twice`, async () => {
    const { raw, fetching } = await start((_, nth) =>
      nth === 0 || (nth === 1 && Math.random() < 0.3) ? randomFault() : { kind: "none" },
    );
    let job = await fetching.fetch({ ...RANGE, workers: 8, wait_seconds: 45 });
    while (job.status === "running") {
      job = await fetching.workspace.jobs.wait(job.job_id, 45, {
        signal: new AbortController().signal,
        progress: () => undefined,
      });
    }
    if (job.status === "partial") job = await fetching.fetch({ mode: "resume" });
    expect(job).toMatchObject({ status: "completed", missing_ranges: [] });
    // Every request was cut at least once: a few days alone, the others together.
    expect(raw.asked.length).toBeGreaterThanOrEqual(2 * new Set(raw.asked).size);
    expect(fetching.value("SELECT count(*) FROM events")).toBe(expected);
    expect(fetching.value("SELECT count(DISTINCT insert_id) FROM events")).toBe(expected);
  }, 180_000);
}
