/** What the writer says of a chunk, added to a job's counters. */

import { Fault } from "../fault.ts";
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
  for (const note of result.notes) addNote(progress.warnings, note);
}

/** `12 events came without ...`: the same note of several chunks is one note with the sum. */
function addNote(warnings: string[], note: string): void {
  const [, count, rest] = /^(\d+)( .*)$/s.exec(note) ?? [];
  if (count === undefined || rest === undefined) {
    if (!warnings.includes(note)) warnings.push(note);
    return;
  }
  const at = warnings.findIndex((warning) => warning.endsWith(rest) && /^\d+$/.test(warning.slice(0, -rest.length)));
  if (at === -1) warnings.push(note);
  else warnings[at] = `${Number.parseInt(warnings[at] ?? "0", 10) + Number(count)}${rest}`;
}

/** What could not be written about a table whose rows are stored: said, not thrown. */
export function warnOfStore({ progress }: { progress: Progress }, fault: unknown): void {
  if (!(fault instanceof Fault)) throw fault;
  progress.warnings.push(`${fault.code}: ${fault.message}`);
}
