/** What the writer says of a chunk, added to a job's counters. */
import type { IngestResult } from "../store/writer.ts";
import type { Progress } from "./job-view.ts";

/** Examples of rejected lines shown per job. */
const MAX_EXAMPLES = 5;
const REJECTED = "Rejected: ";

export function countIngest(progress: Progress, result: IngestResult): void {
  progress.rows += result.rows;
  progress.duplicates += result.duplicates;
  progress.rejected += result.rejected;
  const shown = progress.warnings.filter((warning) => warning.startsWith(REJECTED)).length;
  for (const example of result.examples.slice(0, MAX_EXAMPLES - shown)) progress.warnings.push(`${REJECTED}${example}`);
  for (const note of result.notes) if (!progress.warnings.includes(note)) progress.warnings.push(note);
}
