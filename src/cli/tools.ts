/** `tools`: what the server offers, by toolset, with what each tool costs in a conversation. */
import { TOOLSETS } from "../names.ts";
import { catalogueOf } from "../server/catalogue.ts";
import prepared from "../server/token-costs.json";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "tools",
  summary: "list the tools by toolset, with the tokens each takes in a conversation",
  flags: { json: { type: "boolean", help: "print what tools/list sends" } },
  async run(values) {
    const text = values["json"] === true ? `${JSON.stringify({ tools: catalogueOf(TOOLSETS) }, null, 2)}\n` : listing();
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
    return 0;
  },
};

/** o200k tokens of name, description and input schema, counted by `bun run generate`. */
const COSTS: Record<string, number> = prepared;

function listing(): string {
  const lines: string[] = [];
  let total = 0;
  for (const toolset of TOOLSETS) {
    const entries = catalogueOf([toolset]);
    const costs = entries.map(({ name }) => COSTS[name] ?? 0);
    const sum = costs.reduce((a, b) => a + b, 0);
    total += sum;
    lines.push(`${toolset} (${sum} tokens)`);
    for (const [index, entry] of entries.entries()) {
      lines.push(
        `  ${entry.name.padEnd(22)} ${String(costs[index]).padStart(4)}  ${entry.description.split(/(?<=\.)\s/)[0]}`,
      );
    }
  }
  return `${lines.join("\n")}\nall together: ${total} tokens\n`;
}
