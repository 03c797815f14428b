/** Which endpoint answers which path. Paths are below the family's base: `segmentation/sum`, `projects/:project/schemas`. */

import { publicWorkspaces } from "./endpoints/account.ts";
import { eventNames, eventProperties, events, propertyValues, topEvents, topProperties } from "./endpoints/events.ts";
import { segmentation, segmentationAverage, segmentationNumeric, segmentationSum } from "./endpoints/segmentation.ts";
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
};

/** Below `projects/<project>/`. */
const PROJECT: Record<string, Route> = {
  "workspaces/public": { methods: "GET", endpoint: publicWorkspaces },
};

export function queryRoute(request: SampleRequest): Endpoint {
  return found(Object.hasOwn(QUERY, request.path) ? QUERY[request.path] : undefined, request);
}

/** `path` is what follows `projects/<project>/`. */
export function projectRoute(path: string, request: SampleRequest): Endpoint {
  return found(Object.hasOwn(PROJECT, path) ? PROJECT[path] : undefined, request);
}

function found(route: Route | undefined, request: SampleRequest): Endpoint {
  if (!route) throw new ApiError(404, `Unknown path: ${request.path}`);
  if (!route.methods.split(" ").includes(request.method)) throw new ApiError(405, "Method not allowed");
  return route.endpoint;
}
