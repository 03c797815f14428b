/** /api/app/me and the data views of the project. */
import type { Endpoint } from "../request.ts";
import { PROJECT_NAME } from "../shop.ts";

const ORGANIZATION = 777_001;

function dataView(projectId: string, workspaceId: number) {
  return {
    id: workspaceId,
    name: "All Project Data",
    project_id: Number(projectId),
    is_default: true,
    is_global: true,
    is_visible: true,
    is_restricted: false,
    description: "",
    created_iso: null,
    creator_name: null,
  };
}

/** Who the credentials belong to, and which projects they see; one without a role sees none. */
export function me(username: string, member: boolean): Endpoint {
  return (_request, service) => {
    const { projectId, workspaceId, region, data } = service;
    const project = {
      name: PROJECT_NAME,
      organization_id: ORGANIZATION,
      timezone: data.zone.name,
      has_workspaces: true,
      domain: region === "us" ? "mixpanel.com" : `${region}.mixpanel.com`,
      type: "PROJECT",
      permissions: ["view_base_reports", "view_lexicon"],
    };
    return {
      status: "ok",
      results: {
        user_id: 9_100_001,
        user_email: username,
        user_name: "sample",
        organizations: {
          [ORGANIZATION]: { id: ORGANIZATION, name: "Bean & Box", role: "member", permissions: ["view_projects"] },
        },
        projects: member ? { [projectId]: project } : {},
        workspaces: member ? { [workspaceId]: dataView(projectId, workspaceId) } : {},
      },
    };
  };
}

export const publicWorkspaces: Endpoint = (_request, service) => ({
  status: "ok",
  results: [dataView(service.projectId, service.workspaceId)],
});
