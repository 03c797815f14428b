/** How often users come back within a period: GET /retention/addiction. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { bucketLabel, type DateRange } from "./dates.ts";
import { type Amount, amount, looseMap } from "./sparse.ts";

export type FrequencyQuery = DateRange & {
  /** Any event where absent. */
  event?: string;
  unit: "day" | "week" | "month";
  addictionUnit: "hour" | "day";
  where?: string;
};

/** Per period (in order of time): element k is the number of users active in at least k+1 of its sub-periods. */
export type FrequencyResult = { date: string; atLeast: Amount[] }[];

const periods = () => looseMap(z.array(amount()).nullable());

/** `{data: {date: [n...]}}`; the documentation shows it without the envelope, so both are read. */
const replySchema = () => z.union([z.object({ data: periods() }).transform((reply) => reply.data), periods()]);

export async function frequency(api: Api, query: FrequencyQuery, signal?: AbortSignal): Promise<FrequencyResult> {
  const { event, unit, addictionUnit, where, fromDate, toDate } = query;
  const reply = await api.call(
    {
      family: "query",
      path: path`/retention/addiction`,
      query: { from_date: fromDate, to_date: toDate, unit, addiction_unit: addictionUnit, event, where },
      reply: replySchema(),
    },
    signal,
  );
  return [...reply]
    .map(([key, counts]) => ({ date: bucketLabel(key, "day"), atLeast: counts ?? [] }))
    .sort((a, b) => (a.date < b.date ? -1 : 1));
}
