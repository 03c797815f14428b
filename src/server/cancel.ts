/** Cancellation of every request. The SDK's own handler takes the id 0 for "no id", and many clients count from 0. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CancelledNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

export function cancelEveryId(server: Server): void {
  // The controllers of running requests are not public; a test cancels the request 0, so a change would be seen.
  const controllers: unknown = Reflect.get(server, "_requestHandlerAbortControllers");
  server.setNotificationHandler(CancelledNotificationSchema, ({ params: { requestId, reason } }) => {
    const controller: unknown = controllers instanceof Map ? controllers.get(requestId) : undefined;
    if (controller instanceof AbortController) controller.abort(reason);
  });
}
