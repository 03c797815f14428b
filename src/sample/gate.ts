/** Who may ask: credentials, role, project, region, plan. Refusals are worded as Mixpanel words them. */
import { ApiError, type SampleRequest, type Service } from "./request.ts";

export type Caller = { username: string; member: boolean };

export type Gate = {
  authenticate(request: SampleRequest): Caller;
  project(caller: Caller, request: SampleRequest): void;
  appScope(caller: Caller, scope: "projects" | "workspaces", id: string): void;
  plan(): void;
};

type Switches = { expired?: boolean; plan402?: boolean; wrongRegion?: string };

const CLUSTERS: Record<string, string> = { us: "mixpanel-prod-1", eu: "mixpanel-prod-eu", in: "mixpanel-prod-in" };

export function createGate(service: Service, switches: Switches, outsider: { username: string; secret: string }): Gate {
  const refuseRegion = (status: number) => {
    if (switches.wrongRegion === undefined) return;
    if (status === 401) throw new ApiError(401, "not authenticated");
    throw new ApiError(
      400,
      `invalid project id for cluster: project_id: ${service.projectId}, project_cluster: ${CLUSTERS[switches.wrongRegion]}`,
    );
  };
  return {
    authenticate(request) {
      const { username, secret } = basicCredentials(request.headers.get("authorization"));
      const member = username === service.username && secret === service.secret && !switches.expired;
      if (!member && (username !== outsider.username || secret !== outsider.secret)) {
        throw new ApiError(401, "Invalid service account credentials");
      }
      if (request.family === "app") refuseRegion(401);
      return { username, member };
    },
    project(caller, request) {
      const id = request.params.get("project_id") ?? "";
      if (id === "") throw new ApiError(400, "Missing required parameter: project_id");
      if (!/^\d+$/.test(id)) throw new ApiError(400, `Error in project_id: invalid integer ${id}`);
      refuseRegion(400);
      if (!caller.member || id !== service.projectId) {
        throw new ApiError(403, `Permission denied: service account does not have access to project ${id}`);
      }
    },
    appScope(caller, scope, id) {
      const own = scope === "projects" ? service.projectId : String(service.workspaceId);
      if (!caller.member) throw new ApiError(403, "Permission denied");
      if (id !== own) throw new ApiError(404, "Not found");
    },
    plan() {
      if (switches.plan402)
        throw new ApiError(402, "Your plan does not allow API calls. Upgrade at mixpanel.com/pricing");
    },
  };
}

/** Standard base64, or the plain `user:secret` Mixpanel also takes. */
function basicCredentials(header: string | null): { username: string; secret: string } {
  const value = /^Basic\s+(.+)$/i.exec(header ?? "")?.[1]?.trim() ?? "";
  const text = value.includes(":") ? value : Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? { username: text, secret: "" } : { username: text.slice(0, colon), secret: text.slice(colon + 1) };
}
