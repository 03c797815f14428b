/** The App API of a project: saved reports, annotations, lexicon. */
import { lexicon } from "../lexicon.ts";
import { ApiError, dayParameter, type Endpoint, optional, type SampleRequest, type Service } from "../request.ts";
import { SAVED_REPORTS, type SavedReport } from "../saved.ts";
import { DAY, dayText, HOUR, isoWithOffset } from "../zone.ts";

const CREATORS: Record<string, { id: number; last: string }> = {
  Ana: { id: 9_100_077, last: "Ruiz" },
  Kenji: { id: 9_100_078, last: "Tanaka" },
  Priya: { id: 9_100_079, last: "Patel" },
};

export const bookmarks: Endpoint = (request, service) => {
  const type = optional(request, "type");
  const ids = optional(request, "id[]");
  const wanted = SAVED_REPORTS.filter(
    (report) => (type === undefined || report.type === type) && (ids === undefined || String(report.id) === ids),
  );
  return { status: "ok", results: wanted.map((report) => bookmark(report, service)) };
};

export const oneBookmark: Endpoint = (request, service) => {
  const id = request.path.split("/").at(-1);
  const report = SAVED_REPORTS.find((candidate) => String(candidate.id) === id);
  if (!report) throw new ApiError(404, "Not found");
  return { status: "ok", results: bookmark(report, service) };
};

function bookmark(report: SavedReport, service: Service) {
  const { today } = service.data.days;
  const creator = report.creator === null ? undefined : CREATORS[report.creator];
  return {
    id: report.id,
    name: report.name,
    type: report.type,
    project_id: Number(service.projectId),
    workspace_id: service.workspaceId,
    dashboard_id: 990_001,
    created: `${dayText(today - report.created)}T08:00:00`,
    modified: `${dayText(today - Math.floor(report.created / 3))}T15:20:09`,
    creator_id: creator?.id ?? null,
    creator_name: report.creator,
    creator_email: report.creator === null ? null : `${report.creator.toLowerCase()}@beanandbox.example`,
    description: report.description,
    icon: null,
    params: report.params,
    is_visibility_restricted: false,
    is_modification_restricted: false,
    can_view: true,
  };
}

type Annotation = {
  id: number;
  day: number;
  hour: number;
  description: string;
  creator: string | null;
  tags?: string[];
};

function savedAnnotations({ data: { days } }: Service): Annotation[] {
  return [
    {
      id: 70_011,
      day: days.today - 75,
      hour: 12,
      description: "Pricing page relaunch",
      creator: "Ana",
      tags: ["marketing"],
    },
    {
      id: 70_012,
      day: days.conciergeFrom,
      hour: 9,
      description: "Concierge onboarding pilot, one week",
      creator: "Priya",
      tags: ["product"],
    },
    {
      id: 70_013,
      day: days.outage,
      hour: 7,
      description: "Checkout outage: payment gateway timeouts",
      creator: "Kenji",
      tags: ["incident"],
    },
    { id: 70_014, day: days.today - 14, hour: 10, description: "Newsletter “launch 🚀”", creator: null },
  ];
}

const TAGS = ["marketing", "product", "incident"];

export const annotations: Endpoint = (request, service) => {
  const from = optional(request, "fromDate") ? dayParameter(request, "fromDate") : Number.NEGATIVE_INFINITY;
  const to = optional(request, "toDate") ? dayParameter(request, "toDate") : Number.POSITIVE_INFINITY;
  const kept = savedAnnotations(service).filter(({ day }) => day >= from && day <= to);
  return { status: "ok", results: kept.map((each) => annotation(each, service)) };
};

export const annotationTags: Endpoint = (_request, service) =>
  TAGS.map((name, index) => ({ id: 31 + index, name, project_id: Number(service.projectId), has_annotations: true }));

/** Both date formats exist: plain, and ISO with the zone's offset. */
function annotation({ id, day, hour, description, creator, tags }: Annotation, service: Service) {
  const person = creator === null ? undefined : CREATORS[creator];
  const plain = `${dayText(day)} ${String(hour).padStart(2, "0")}:00:00`;
  return {
    id,
    project_id: Number(service.projectId),
    date: id % 2 === 0 ? isoWithOffset(day * DAY + hour * HOUR, service.data.zone) : plain,
    description,
    user: person ? { id: person.id, first_name: creator, last_name: person.last } : null,
    ...(tags ? { tags: tags.map((name) => ({ id: 31 + TAGS.indexOf(name), name })) } : {}),
  };
}

export const schemas: Endpoint = (request, service) => {
  const [, type, name] = schemaPath(request);
  const entries = lexicon(service.data);
  if (type === undefined) return { status: "ok", results: entries };
  if (type !== "event" && type !== "profile") throw new ApiError(400, `Invalid entity type: ${type}`);
  const wanted = name ?? optional(request, "entity_name");
  const found = entries.filter((entry) => entry.entityType === type && (wanted === undefined || entry.name === wanted));
  if (name === undefined) return { status: "ok", results: found };
  const [one] = found;
  if (!one) throw new ApiError(404, "Entity not found");
  return { status: "ok", results: one.schemaJson };
};

/** `schemas`, `schemas/<type>`, `schemas/<type>/<name>`; the name is one encoded segment. */
function schemaPath(request: SampleRequest): string[] {
  const segments = request.path.split("/");
  try {
    return segments.slice(segments.indexOf("schemas")).map(decodeURIComponent);
  } catch {
    throw new ApiError(400, "Malformed path");
  }
}
