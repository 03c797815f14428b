/** The resources as plain data: each is a tool's reply under an address, so everything a resource gives, a tool gives too. */

export type ResourceEntry = {
  uri: string;
  name: string;
  title: string;
  description: string;
  tool: string;
  args: Record<string, unknown>;
};

export type TemplateEntry = {
  uriTemplate: string;
  name: string;
  title: string;
  description: string;
  tool: string;
  /** The one variable of the address, and the argument of the tool it fills. */
  variable: string;
  argument: string;
};

export const RESOURCES: readonly ResourceEntry[] = [
  {
    uri: "workspace://info",
    name: "workspace",
    title: "Workspace",
    description: "Account, project, quota used and left, tables and jobs.",
    tool: "workspace_info",
    args: {},
  },
  {
    uri: "workspace://tables",
    name: "tables",
    title: "Local tables",
    description: "What was fetched into the local store.",
    tool: "list_tables",
    args: {},
  },
  {
    uri: "schema://events",
    name: "events",
    title: "Events",
    description: "Names of the project's events.",
    tool: "list_events",
    args: {},
  },
  {
    uri: "schema://funnels",
    name: "funnels",
    title: "Saved funnels",
    description: "Ids and names of the saved funnels.",
    tool: "list_funnels",
    args: {},
  },
  {
    uri: "schema://cohorts",
    name: "cohorts",
    title: "Cohorts",
    description: "Saved cohorts and their sizes.",
    tool: "list_cohorts",
    args: {},
  },
  {
    uri: "schema://bookmarks",
    name: "bookmarks",
    title: "Saved reports",
    description: "Saved reports of every type.",
    tool: "list_bookmarks",
    args: {},
  },
];

export const TEMPLATES: readonly TemplateEntry[] = [
  {
    uriTemplate: "schema://properties/{event}",
    name: "properties",
    title: "Properties of an event",
    description: "Property names of one event.",
    tool: "list_properties",
    variable: "event",
    argument: "event",
  },
  {
    uriTemplate: "workspace://schema/{table}",
    name: "table-schema",
    title: "Columns of a local table",
    description: "Columns and properties of one local table, with the SQL to reach them.",
    tool: "table_schema",
    variable: "table",
    argument: "table",
  },
  {
    uriTemplate: "workspace://sample/{table}",
    name: "table-sample",
    title: "Rows of a local table",
    description: "A few random rows of one local table.",
    tool: "sample",
    variable: "table",
    argument: "table",
  },
  {
    uriTemplate: "users://{distinct_id}/journey",
    name: "journey",
    title: "A user's journey",
    description: "The latest events of one user.",
    tool: "activity_feed",
    variable: "distinct_id",
    argument: "distinct_id",
  },
];

/** A name longer than anything Mixpanel stores is not looked up. */
const MAX_NAME_CHARS = 300;

/** Which tool answers for an address, and with what; undefined when no resource has it. */
export function resolveUri(uri: string): { tool: string; args: Record<string, unknown> } | undefined {
  const fixed = RESOURCES.find((entry) => entry.uri === uri);
  if (fixed) return { tool: fixed.tool, args: fixed.args };
  for (const { uriTemplate, tool, argument } of TEMPLATES) {
    const [before = "", after = ""] = uriTemplate.split(/\{\w+\}/);
    if (uri.length <= before.length + after.length || !uri.startsWith(before) || !uri.endsWith(after)) continue;
    const value = decoded(uri.slice(before.length, uri.length - after.length));
    return value === undefined ? undefined : { tool, args: { [argument]: value } };
  }
  return undefined;
}

/** One path segment: whatever could mean structure (`/ ? #`) must come percent-encoded, and is then only text. */
function decoded(segment: string): string | undefined {
  if (segment === "" || /[/?#]/.test(segment)) return undefined;
  try {
    const value = decodeURIComponent(segment);
    return value.length <= MAX_NAME_CHARS ? value : undefined;
  } catch {
    return undefined;
  }
}
