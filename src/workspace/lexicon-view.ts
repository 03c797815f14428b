/** Lexicon entries as a reply shows them: compact, and cut by properties, of which one entry may have hundreds. */
import type { Schema, SchemaProperty } from "../mixpanel/lexicon.ts";

export type PropertyView = { type: string; description?: string; display_name?: string; hidden?: boolean };
export type SchemaView = {
  entity_type: string;
  name: string;
  display_name?: string;
  description?: string;
  properties: Record<string, PropertyView>;
  /** How many more there are than shown. */
  properties_omitted?: number;
  tags?: string[];
  hidden?: boolean;
};

export function schemaView(schema: Schema): SchemaView {
  const { entityType, name, displayName, description, properties, tags, hidden } = schema;
  return {
    entity_type: entityType,
    name,
    display_name: displayName === name ? undefined : displayName,
    description,
    // Defines properties, so that a key `__proto__` stays a key.
    properties: Object.fromEntries([...properties].map(([key, property]) => [key, propertyView(property)])),
    tags: tags.length > 0 ? tags : undefined,
    hidden: hidden || undefined,
  };
}

function propertyView({ type, description, displayName, hidden }: SchemaProperty): PropertyView {
  return { type, description, display_name: displayName, hidden };
}

type Result = { schemas: SchemaView[]; truncated: boolean };

const weight = ({ properties }: SchemaView) => 1 + Object.keys(properties).length;

/** Entries and properties together: each counts one. */
export function lexiconSize({ schemas }: Result): number {
  return schemas.reduce((sum, schema) => sum + weight(schema), 0);
}

/** The first `size` entries and properties; the last entry may lose some of its properties, and says how many. */
export function keepLexicon<R extends Result>(result: R, size: number): R {
  const schemas: SchemaView[] = [];
  let left = size;
  for (const schema of result.schemas) {
    if (left <= 0) break;
    const all = Object.entries(schema.properties);
    const shown = all.slice(0, left - 1);
    const omitted = all.length - shown.length + (schema.properties_omitted ?? 0);
    schemas.push({ ...schema, properties: Object.fromEntries(shown), properties_omitted: omitted || undefined });
    left -= weight(schema);
  }
  return { ...result, schemas, truncated: true };
}
