/** Where somebody is in a flow: a named event, someone who left, or the merged rest. */
import { z } from "zod";
import { type Amount, amount } from "./sparse.ts";

export type FlowPlace = { event: string; type: string; anchorType: string; count: Amount };
/** A place with the places its users went to next. */
export type FlowNode = FlowPlace & { edges: FlowPlace[] };

export const optional = () => z.string().nullish().catch(undefined);

/** Counts arrive as texts. */
export const placeFields = () => ({
  event: optional(),
  type: optional(),
  anchorType: optional(),
  totalCount: amount().optional(),
  count: amount().optional(),
});

type PlaceFields = {
  event?: string | null;
  type?: string | null;
  anchorType?: string | null;
  totalCount?: Amount;
  count?: Amount;
};

export function placeOf(fields: PlaceFields): FlowPlace {
  return {
    event: fields.event ?? "",
    type: (fields.type ?? "NORMAL").toUpperCase(),
    anchorType: (fields.anchorType ?? "NORMAL").toUpperCase(),
    count: fields.totalCount ?? fields.count ?? null,
  };
}

export const placeSchema = () => z.looseObject(placeFields()).transform(placeOf);
