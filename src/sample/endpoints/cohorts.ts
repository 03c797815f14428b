/** /cohorts/list. */
import { cohortMembers, SAVED_COHORTS } from "../cohorts.ts";
import type { Endpoint } from "../request.ts";
import { dayText } from "../zone.ts";

export const cohortsList: Endpoint = (_request, service) =>
  SAVED_COHORTS.map((cohort) => ({
    id: cohort.id,
    name: cohort.name,
    description: cohort.description,
    count: cohortMembers(service.data, cohort).size,
    created: `${dayText(service.data.days.today - cohort.created)} 09:12:44`,
    project_id: Number(service.projectId),
    is_visible: cohort.visible ? 1 : 0,
    data_group_id: null,
  }));
