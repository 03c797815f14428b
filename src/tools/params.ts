/** Input fields and result pieces that several tools share. Texts are short: every tool's schema is in every conversation. */
import { z } from "zod";
import { SQL_DEFAULT_ROWS, SQL_MAX_ROWS } from "../limits.ts";

/** A calendar day in the project's time zone; `mixpanel/dates.ts` resolves the words. */
export const day = () => z.string();
export const fromDate = () => z.string().describe("YYYY-MM-DD, today, 7 days ago");
export const toDate = () => z.string();

export const event = () => z.string().min(1);
/** An event property: a bare name, or a full Mixpanel expression. */
export const on = () => z.string().min(1).describe("property name or expression");
export const where = () => z.string().min(1).describe('filter, e.g. properties["plan"] == "pro"');
export const search = () => z.string();
export const refresh = () => z.boolean().default(false).describe("ignore the 5 min cache");
export const countType = () =>
  z.enum(["general", "unique", "average"]).default("general").describe("events, users, events per user");
export const table = () => z.string().min(1);
export const limit = (standard: number, most: number) => z.int().min(1).max(most).default(standard);
export const offset = () => z.int().min(0).default(0);
export const sqlLimit = () => z.int().min(1).max(SQL_MAX_ROWS).default(SQL_DEFAULT_ROWS);
/** Mixpanel ids: numbers, or digit strings that `server/arguments.ts` turns into numbers. */
export const id = () => z.int().positive();

/** Sentences about a discovery answer: what it lacks, why it is empty. */
export const notes = () => z.array(z.string()).optional();

/** One value in a table. */
export const cell = () => z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type Cell = string | number | boolean | null;
export type Table = { columns: string[]; rows: Cell[][] };

export const tableSchema = () => z.object({ columns: z.array(z.string()), rows: z.array(z.array(cell())) });

/** Days stored or missing, both ends included. */
export const rangeSchema = () =>
  z.object({ from_date: z.string(), to_date: z.string(), reason: z.string().optional() });

/** What every live reply says about itself; made by `workspace/meta.ts`. */
export const metaSchema = () =>
  z.looseObject({
    source: z.enum(["live", "local"]),
    project_id: z.string(),
    from_date: z.string().optional(),
    to_date: z.string().optional(),
    timezone: z.string().optional(),
    computed_at: z.string(),
    in_progress: z.array(z.string()),
    quota: z.object({ used: z.int(), limit: z.int(), resets_at: z.string().nullable() }),
    report_url: z.string().optional(),
    notes: z.array(z.string()),
  });
