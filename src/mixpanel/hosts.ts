/** Where each API family lives. The export host has a hyphen (`data-eu`) where the others have a dot (`eu.`). */
import type { Family, Region } from "./api.ts";

const HOSTS: Record<Region, { main: string; data: string }> = {
  us: { main: "https://mixpanel.com", data: "https://data.mixpanel.com" },
  eu: { main: "https://eu.mixpanel.com", data: "https://data-eu.mixpanel.com" },
  in: { main: "https://in.mixpanel.com", data: "https://data-in.mixpanel.com" },
};

/** The base URL of each family; `apiUrl` (a loopback origin, checked by the configuration) replaces every host, paths unchanged. */
export function basesOf(region: Region, apiUrl?: string): Record<Family, string> {
  const { main, data } = HOSTS[region];
  const override = apiUrl?.replace(/\/+$/, "");
  return {
    query: `${override ?? main}/api/query`,
    export: `${override ?? data}/api/2.0`,
    app: `${override ?? main}/api/app`,
  };
}

/** The region that a cluster name of Mixpanel's wrong-region message stands for. */
export function regionOfCluster(cluster: string): Region | undefined {
  const name = cluster.toLowerCase();
  if (/^eu\d*$/.test(name)) return "eu";
  if (/^in\d*$/.test(name)) return "in";
  if (/^(us\d*|\d+)$/.test(name)) return "us";
  return undefined;
}
