import { type Command, usage } from "./command.ts";

export const command: Command = {
  name: "demo",
  summary: "placeholder",
  flags: {},
  async run() {
    throw usage("demo is not built yet.", []);
  },
};
