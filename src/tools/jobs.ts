/** What the fetch tools say of a job. */
import { z } from "zod";
import { rangeSchema } from "./params.ts";

const counts = () => z.object({ done: z.int(), total: z.int() });

export const jobSchema = () =>
  z.looseObject({
    job_id: z.string(),
    status: z.enum(["completed", "running", "partial", "cancelled", "interrupted", "failed", "estimated"]),
    table: z.string(),
    rows: z.int(),
    duplicates: z.int(),
    rejected: z.int(),
    days: counts().optional(),
    pages: counts().optional(),
    missing_ranges: z.array(rangeSchema()),
    seconds: z.number(),
    bytes: z.int(),
    warnings: z.array(z.string()),
    next: z.string(),
  });

type Summarized = Pick<
  z.output<ReturnType<typeof jobSchema>>,
  "status" | "table" | "rows" | "duplicates" | "rejected" | "days" | "pages" | "missing_ranges" | "seconds"
>;

/** One sentence of numbers; `table` is the caller's own name. */
export function jobSummary(job: Summarized & { estimate?: Record<string, unknown> | undefined }): string {
  const unit = job.days === undefined ? "pages" : "days";
  const { done, total } = job.days ?? job.pages ?? { done: 0, total: 0 };
  const count = (n: number) => n.toLocaleString("en-US");
  if (job.status === "estimated") {
    const rows = job.estimate?.["rows"] === null ? "number of rows not known" : `about ${count(job.rows)} rows`;
    return `Estimate for ${count(total)} ${unit}: ${rows}.`;
  }
  const parts = [
    `Fetch into "${job.table}": ${job.status}`,
    total > 0
      ? `${done} of ${total} ${unit}`
      : job.status === "completed"
        ? `no ${unit} to download`
        : `${done} ${unit}`,
    `${count(job.rows)} rows in ${job.seconds} s`,
  ];
  if (job.duplicates > 0) parts.push(`${count(job.duplicates)} duplicates dropped`);
  if (job.rejected > 0) parts.push(`${count(job.rejected)} lines rejected`);
  if (job.missing_ranges.length > 0) parts.push(`${job.missing_ranges.length} ranges missing`);
  return `${parts.join(", ")}.`;
}
