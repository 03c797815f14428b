/** A spooled page of profiles -> what it says about the pages that follow. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { Fault } from "../fault.ts";
import { MAX_REPLY_BYTES } from "../limits.ts";
import { type ProfilePage, readPage } from "../mixpanel/engage.ts";

/**
 * Throws UPSTREAM_TRUNCATED when it is not whole, QUERY_INVALID for an error inside a 200, UPSTREAM_ERROR for a reply of
 * another shape.
 */
export async function readHead(path: string, encoding: "gzip" | "identity"): Promise<ProfilePage> {
  const body = await readFile(path);
  let text: string;
  try {
    text = (encoding === "gzip" ? gunzipSync(body, { maxOutputLength: MAX_REPLY_BYTES }) : body).toString("utf8");
  } catch (cause) {
    throw new Fault("UPSTREAM_TRUNCATED", "Mixpanel's reply broke off before its end.", { cause });
  }
  return headOf(parseJson(text));
}

/** What is no profile among the results is the store's to reject and must not hide the others. */
function headOf(json: unknown): ProfilePage {
  const results = isObject(json) ? json["results"] : undefined;
  if (!isObject(json) || !Array.isArray(results)) return readPage(json);
  return { ...readPage({ ...json, results: results.filter(isProfile) }), results: results.length };
}

function isProfile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const ids = [value["$distinct_id"], value["group_id"]];
  const properties = value["$properties"] ?? {};
  return (
    isObject(properties) && ids.every((id) => ["string", "number", "undefined"].includes(typeof (id ?? undefined)))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("UPSTREAM_TRUNCATED", "Mixpanel's profile page is not whole JSON.", { cause });
  }
}
