/** Which endpoint answers which path. Paths are below the family's base: `segmentation/sum`, `projects/:project/schemas`. */

import { publicWorkspaces } from "./endpoints/account.ts";
import { annotations, annotationTags, bookmarks, oneBookmark, schemas } from "./endpoints/app.ts";
import { cohortsList } from "./endpoints/cohorts.ts";
import { engage, engageAliases, engageProperties, engageStats } from "./endpoints/engage.ts";
import { eventNames, eventProperties, events, propertyValues, topEvents, topProperties } from "./endpoints/events.ts";
import { flows } from "./endpoints/flows.ts";
import { funnels, funnelsList } from "./endpoints/funnels.ts";
import { insights } from "./endpoints/insights.ts";
import { jql } from "./endpoints/jql.ts";
import { addiction, retention } from "./endpoints/retention.ts";
import { segmentation, segmentationAverage, segmentationNumeric, segmentationSum } from "./endpoints/segmentation.ts";
import { streamBookmark, streamQuery } from "./endpoints/stream.ts";
import { ApiError, type Endpoint, type SampleRequest } from "./request.ts";

type Route = { methods: string; endpoint: Endpoint };

const QUERY: Record<string, Route> = {
  events: { methods: "GET", endpoint: events },
  "events/names": { methods: "GET", endpoint: eventNames },
  "events/top": { methods: "GET", endpoint: topEvents },
  "events/properties": { methods: "GET", endpoint: eventProperties },
  "events/properties/top": { methods: "GET", endpoint: topProperties },
  "events/properties/values": { methods: "GET", endpoint: propertyValues },
  segmentation: { methods: "GET", endpoint: segmentation },
  "segmentation/numeric": { methods: "GET", endpoint: segmentationNumeric },
  "segmentation/sum": { methods: "GET", endpoint: segmentationSum },
  "segmentation/average": { methods: "GET", endpoint: segmentationAverage },
  "funnels/list": { methods: "GET", endpoint: funnelsList },
  funnels: { methods: "GET", endpoint: funnels },
  retention: { methods: "GET", endpoint: retention },
  "retention/addiction": { methods: "GET", endpoint: addiction },
  "cohorts/list": { methods: "GET POST", endpoint: cohortsList },
  insights: { methods: "GET POST", endpoint: insights },
  arb_funnels: { methods: "GET POST", endpoint: flows },
  "stream/query": { methods: "GET", endpoint: streamQuery },
  "stream/bookmark": { methods: "POST", endpoint: streamBookmark },
  jql: { methods: "POST", endpoint: jql },
  engage: { methods: "GET POST", endpoint: engage },
  "engage/stats": { methods: "GET POST", endpoint: engageStats },
  "engage/properties": { methods: "GET POST", endpoint: engageProperties },
  "engage/aliases": { methods: "GET POST", endpoint: engageAliases },
};

/** Below `projects/<project>/` or `workspaces/<workspace>/`. A `*` stands for any further segments. */
const PROJECT: Record<string, Route> = {
  "workspaces/public": { methods: "GET", endpoint: publicWorkspaces },
  bookmarks: { methods: "GET", endpoint: bookmarks },
  "bookmarks/*": { methods: "GET", endpoint: oneBookmark },
  annotations: { methods: "GET", endpoint: annotations },
  "annotations/tags": { methods: "GET", endpoint: annotationTags },
  schemas: { methods: "GET", endpoint: schemas },
  "schemas/*": { methods: "GET", endpoint: schemas },
};

export function queryRoute(request: SampleRequest): Endpoint {
  return found(Object.hasOwn(QUERY, request.path) ? QUERY[request.path] : undefined, request);
}

/** `path` is what follows `projects/<project>/`. */
export function projectRoute(path: string, request: SampleRequest): Endpoint {
  const pattern = Object.hasOwn(PROJECT, path) ? path : path.replace(/\/.*$/, "/*");
  return found(Object.hasOwn(PROJECT, pattern) ? PROJECT[pattern] : undefined, request);
}

function found(route: Route | undefined, request: SampleRequest): Endpoint {
  if (!route) throw new ApiError(404, `Unknown path: ${request.path}`);
  if (!route.methods.split(" ").includes(request.method)) throw new ApiError(405, "Method not allowed");
  return route.endpoint;
}
