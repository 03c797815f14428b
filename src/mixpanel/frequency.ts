/** How often users come back within a period: GET /retention/addiction. */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { bucketLabel, type DateRange } from "./dates.ts";
import { mapOf } from "./reply.ts";
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

const period = () => z.array(amount()).nullable();
const data = () =>
  z.custom((given) => given !== null && given !== undefined, "expected object").pipe(looseMap(period()));

/** `{data: {date: [n...]}}`; the documentation shows it without the envelope, so both are read. A null is not an answer of nothing. */
const replySchema = () =>
  z.union([z.object({ data: data() }).transform((reply) => reply.data), mapOf(z.array(amount()))]);

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
