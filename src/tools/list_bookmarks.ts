import { z } from "zod";
import { Fault } from "../fault.ts";
import { defineTool, LOCAL_READ } from "./tool.ts";

export const listBookmarks = defineTool({
  name: "list_bookmarks",
  title: "list_bookmarks",
  description: "placeholder",
  toolset: "discovery",
  annotations: LOCAL_READ,
  input: () => z.strictObject({}),
  output: () => z.object({}),
  async handler() {
    throw new Fault("INTERNAL", "list_bookmarks is not built yet.");
  },
  summary: () => "",
});
