/** server.json for the MCP registry: where the bundles of a release are, and what they need to know. */
import { TARGETS } from "./targets.ts";

export type Bundle = { target: string; file: string; sha256: string };

/** `repository` as OWNER/NAME on GitHub; the registry's name follows from it. */
export function serverJson(version: string, repository: string, bundles: Bundle[]): object {
  const [owner = ""] = repository.split("/");
  const url = `https://github.com/${repository}`;
  const secretless = { isRequired: true, format: "string" };
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: `io.github.${owner}/mixpanel-data-mcp`,
    title: "Mixpanel data",
    description: "Discover, query, fetch into a local SQL store and analyse the data of a Mixpanel project.",
    version,
    repository: { url, source: "github" },
    packages: TARGETS.flatMap((target) => bundles.filter((bundle) => bundle.target === target.name)).map((bundle) => ({
      registryType: "mcpb",
      identifier: `${url}/releases/download/v${version}/${bundle.file}`,
      version,
      fileSha256: bundle.sha256,
      transport: { type: "stdio" },
      environmentVariables: [
        { name: "MP_USERNAME", description: "Service account username", ...secretless },
        {
          name: "MP_SECRET",
          description: "Service account secret",
          isRequired: true,
          isSecret: true,
          format: "string",
        },
        { name: "MP_PROJECT_ID", description: "The project's number", ...secretless },
        {
          name: "MP_REGION",
          description: "Where the project lives",
          format: "string",
          default: "us",
          choices: ["us", "eu", "in"],
        },
      ],
    })),
  };
}
