/**
 * Descriptions of events and properties: GET /api/app/projects/{id}/schemas. Limited to 5 requests a minute, so everything is
 * read at once. Only entities that somebody described are in it: it is no list of events.
 */
import { z } from "zod";
import { type Api, path } from "./api.ts";
import { mapOf } from "./reply.ts";

export type SchemaProperty = { type: string; description?: string; displayName?: string; hidden?: boolean };
/** `entityType` is event, profile, or one of the undocumented kinds (custom_event, group, lookup, ...). */
export type Schema = {
  entityType: string;
  name: string;
  displayName?: string;
  description?: string;
  properties: Map<string, SchemaProperty>;
  tags: string[];
  hidden: boolean;
};

/** Everything in a definition is optional, and hand-written by customers: a field of another type is as good as missing. */
const text = () => z.string().optional().catch(undefined);
const flag = () => z.boolean().optional().catch(undefined);
const mixpanelMetadata = () =>
  z
    .object({
      "com.mixpanel": z.object({
        displayName: text(),
        hidden: flag(),
        dropped: flag(),
        tags: z.array(z.string()).optional().catch(undefined),
      }),
    })
    .optional()
    .catch(undefined);

const property = () =>
  z
    .object({ type: z.unknown().optional(), description: text(), metadata: mixpanelMetadata() })
    .catch({ type: undefined, description: undefined, metadata: undefined })
    .transform(({ type, description, metadata }): SchemaProperty => {
      const own = metadata?.["com.mixpanel"];
      return {
        type: typeOf(type),
        description: description || undefined,
        displayName: own?.displayName || undefined,
        hidden: own?.hidden || undefined,
      };
    });

/** JSON Schema allows several types in a list. */
function typeOf(type: unknown): string {
  if (Array.isArray(type)) return type.filter((one) => typeof one === "string").join("|");
  return typeof type === "string" ? type : "";
}

const definition = () =>
  z.object({
    description: text(),
    properties: mapOf(property()).optional().catch(undefined),
    metadata: mixpanelMetadata(),
  });

const entry = () =>
  z
    .object({ entityType: z.string(), name: z.string().nullish(), schemaJson: definition().nullish() })
    .transform(({ entityType, name, schemaJson }): Schema => {
      const own = schemaJson?.metadata?.["com.mixpanel"];
      return {
        entityType,
        name: name ?? "",
        displayName: own?.displayName || undefined,
        description: schemaJson?.description || undefined,
        properties: schemaJson?.properties ?? new Map(),
        tags: own?.tags ?? [],
        hidden: own?.hidden ?? false,
      };
    });

const listReply = () =>
  z
    .object({ results: z.union([z.array(entry()), z.object({ results: z.array(entry()) })]) })
    .transform(({ results }) => (Array.isArray(results) ? results : results.results));

export function listSchemas(api: Api, signal?: AbortSignal): Promise<Schema[]> {
  return api.call({ family: "app", path: path`/projects/${api.projectId}/schemas`, reply: listReply() }, signal);
}
