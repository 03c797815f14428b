/** A server in this process, the official client in front of it, the sample service behind it over real HTTP. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { Progress } from "@modelcontextprotocol/sdk/types.js";
import type {
  JsonSchemaType,
  JsonSchemaValidator,
  JsonSchemaValidatorResult,
  jsonSchemaValidator,
} from "@modelcontextprotocol/sdk/validation";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { openSession } from "../src/cli/session.ts";
import { type Config, loadConfig, secretsOf } from "../src/config.ts";
import { createLog, createRedactor } from "../src/log.ts";
import { type Sample, startSample } from "../src/sample/service.ts";
import type { CatalogueEntry } from "../src/server/catalogue.ts";
import { buildCatalogue } from "../src/server/catalogue-build.ts";
import { ERROR_META } from "../src/server/reply.ts";
import { createServer } from "../src/server/server.ts";
import { ALL_TOOLS } from "../src/tools/index.ts";
import type { Workspace } from "../src/workspace/workspace.ts";

export type Reply = {
  /** `structuredContent`, validated by the client against the tool's output schema. Throws when the call failed. */
  structured: Record<string, unknown>;
  text: string;
  error?: {
    code: string;
    message: string;
    suggestions: string[];
    retry_after_seconds?: number;
    retry_at?: string;
    details?: Record<string, unknown>;
  };
};

export type Harness = {
  client: Client;
  workspace: Workspace;
  sample: Sample;
  dataDir: string;
  call(
    tool: string,
    args?: Record<string, unknown>,
    options?: { signal?: AbortSignal; onprogress?: (progress: Progress) => void },
  ): Promise<Reply>;
  close(): Promise<void>;
};

export type HarnessOptions = {
  /** What `startSample` takes. */
  sample?: Parameters<typeof startSample>[0];
  /** A service already running, shared by several harnesses; not closed by this one. */
  shared?: Sample;
  /** Talk to this origin instead of the sample service (a fault proxy, a stub). */
  apiUrl?: string;
  /** Use this data folder, and leave it. */
  dataDir?: string;
  env?: Record<string, string>;
  /** No credentials at all. */
  anonymous?: boolean;
};

/** The SDK's own validator, compiling a tool's schema when it is first called and once per process: 44 of them take 0.2 s. */
const ajv = new AjvJsonSchemaValidator();
const compiled = new Map<string, JsonSchemaValidator<unknown>>();
const lazily: jsonSchemaValidator = {
  getValidator<T>(schema: JsonSchemaType): JsonSchemaValidator<T> {
    return (input) => {
      const key = JSON.stringify(schema);
      const validate = compiled.get(key) ?? ajv.getValidator(schema);
      compiled.set(key, validate);
      return validate(input) as JsonSchemaValidatorResult<T>;
    };
  },
};

/** The catalogue is built fresh, so that a test sees the definitions as they are, not the generated file. */
let catalogue: CatalogueEntry[] | undefined;

export async function connect(options: HarnessOptions = {}): Promise<Harness> {
  const sample = options.shared ?? (await startSample(options.sample));
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-"));
  const config = await testConfig(sample, dataDir, options);
  const redact = createRedactor(secretsOf(config));
  const log = createLog((options.env?.["LOG"] as "debug") ?? "error", redact);
  const { workspace } = openSession(config, log, redact);
  catalogue ??= buildCatalogue(ALL_TOOLS) as CatalogueEntry[];
  const server = createServer({ workspace, tools: ALL_TOOLS, redact, catalogue });
  const client = new Client({ name: "test", version: "0" }, { jsonSchemaValidator: lazily });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(far), client.connect(near)]);
  // Lets the client check structuredContent against the output schemas.
  await client.listTools();
  return {
    client,
    workspace,
    sample,
    dataDir,
    call: (tool, args = {}, callOptions = {}) => call(client, tool, args, callOptions),
    async close() {
      await client.close();
      await workspace.close();
      if (!options.shared) await sample.close();
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function testConfig(sample: Sample, dataDir: string, options: HarnessOptions): Promise<Config> {
  const { username, secret, projectId } = sample.credentials;
  const credentials = options.anonymous
    ? {}
    : { MP_USERNAME: username, MP_SECRET: secret, MP_PROJECT_ID: String(projectId) };
  return loadConfig(
    {},
    {
      MP_CONFIG_PATH: join(dataDir, "no-config.toml"),
      MP_DATA_DIR: dataDir,
      MP_API_URL: options.apiUrl ?? sample.url,
      ...credentials,
      ...options.env,
    },
  );
}

async function call(client: Client, name: string, args: Record<string, unknown>, options: object): Promise<Reply> {
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 60_000, ...options });
  const content = result.content as { type: string; text?: string }[];
  const text = content.map((part) => part.text ?? "").join("\n");
  const error = result._meta?.[ERROR_META] as Reply["error"];
  if (result.isError && !error) throw new Error(`an error without its data: ${text}`);
  return {
    text,
    error,
    get structured(): Record<string, unknown> {
      if (error) throw new Error(`${name} failed: ${text}`);
      return result.structuredContent as Record<string, unknown>;
    },
  };
}
