/** `tools`: what the server offers, by toolset, with what each tool costs in a conversation. */
import { TOOLSETS } from "../names.ts";
import { catalogueOf } from "../server/catalogue.ts";
import { estimateTokens } from "../server/tokens.ts";
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

function listing(): string {
  const lines: string[] = [];
  let total = 0;
  for (const toolset of TOOLSETS) {
    const entries = catalogueOf([toolset]);
    const costs = entries.map(({ name, description, inputSchema }) =>
      estimateTokens(JSON.stringify({ name, description, inputSchema })),
    );
    const sum = costs.reduce((a, b) => a + b, 0);
    total += sum;
    lines.push(`${toolset} (about ${sum} tokens)`);
    for (const [index, entry] of entries.entries()) {
      lines.push(
        `  ${entry.name.padEnd(22)} ${String(costs[index]).padStart(4)}  ${entry.description.split(/(?<=\.)\s/)[0]}`,
      );
    }
  }
  return `${lines.join("\n")}\nall together: about ${total} tokens\n`;
}
