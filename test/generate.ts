/** Rewrites what is generated from the tool definitions: the served catalogue and the README's tables. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildCatalogue } from "../src/server/catalogue-build.ts";
import { ALL_TOOLS } from "../src/tools/index.ts";

const path = join(import.meta.dir, "../src/server/catalogue.json");
writeFileSync(
  path,
  `[\n${buildCatalogue(ALL_TOOLS)
    .map((entry) => JSON.stringify(entry))
    .join(",\n")}\n]\n`,
);
