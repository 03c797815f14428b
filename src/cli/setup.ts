import { type Command, usage } from "./command.ts";

export const command: Command = {
  name: "setup",
  summary: "placeholder",
  flags: {},
  async run() {
    throw usage("setup is not built yet.", []);
  },
};
