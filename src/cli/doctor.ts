import { type Command, usage } from "./command.ts";

export const command: Command = {
  name: "doctor",
  summary: "placeholder",
  flags: {},
  async run() {
    throw usage("doctor is not built yet.", []);
  },
};
