/** The sessions of the HTTP mode: each has a transport, a server and a workspace of its own, and an end. */
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { isJSONRPCErrorResponse, isJSONRPCResultResponse, type RequestId } from "@modelcontextprotocol/sdk/types.js";
import type { Log } from "../log.ts";

/** What the HTTP mode needs of a project; `close` stops its work and resolves within the shutdown time. */
export type Opened = { server: Server; workspace: { jobs: { busy(): boolean }; close(): Promise<void> } };

export type Session = {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Requests read and not answered yet: their ids must not be used again meanwhile. */
  readonly open: Set<RequestId>;
  /** Streams a client still listens to. */
  streams: number;
  lastUsed: number;
  /** Somebody waits, listens, or has a fetch running. */
  busy(): boolean;
  close(): Promise<void>;
};

export type Sessions = {
  readonly size: number;
  get(id: string): Session | undefined;
  /** A session not known by an id yet: it becomes findable when its `initialize` is accepted. */
  open(): Promise<Session>;
  /** Closes what nobody has used for `idleMs` before `now`. */
  sweep(now: number, idleMs: number): Promise<void>;
  close(): Promise<void>;
};

export function createSessions(openSession: () => Opened | Promise<Opened>, log: Log): Sessions {
  const sessions = new Map<string, Session>();
  const closing = new Set<Promise<void>>();

  const open = async (): Promise<Session> => {
    const { server, workspace } = await openSession();
    const transport = new WebStandardStreamableHTTPServerTransport({
      // 192 random bits: a session id is all that separates two clients.
      sessionIdGenerator: () => Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url"),
      onsessioninitialized: (id) => {
        sessions.set(id, session);
        log.debug(`session opened, ${sessions.size} in all`);
      },
    });
    let closed: Promise<void> | undefined;
    const end = async () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
      await Promise.allSettled([server.close(), workspace.close()]);
    };
    const session: Session = {
      transport,
      open: trackOpen(transport),
      streams: 0,
      lastUsed: Date.now(),
      busy: () => session.streams > 0 || session.open.size > 0 || workspace.jobs.busy(),
      close() {
        if (closed) return closed;
        // Closing the server closes the transport, which comes back here: the promise must exist by then.
        const ending = Promise.resolve().then(end);
        closed = ending;
        closing.add(ending);
        void ending.then(() => closing.delete(ending));
        return ending;
      },
    };
    await server.connect(transport);
    // After DELETE the transport closes itself; the rest of the session follows.
    const ended = transport.onclose;
    transport.onclose = () => {
      ended?.();
      void session.close();
    };
    return session;
  };

  return {
    get size() {
      return sessions.size;
    },
    get: (id) => sessions.get(id),
    open,
    async sweep(now, idleMs) {
      for (const session of sessions.values()) if (session.busy()) session.lastUsed = now;
      const idle = [...sessions.values()].filter((session) => now - session.lastUsed >= idleMs);
      await Promise.allSettled(idle.map((session) => session.close()));
    },
    async close() {
      await Promise.allSettled([...sessions.values()].map((session) => session.close()));
      await Promise.allSettled(closing);
    },
  };
}

/** The ids still to be answered; every answer passes through `send`. */
function trackOpen(transport: WebStandardStreamableHTTPServerTransport): Set<RequestId> {
  const open = new Set<RequestId>();
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if ((isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) && message.id !== undefined)
      open.delete(message.id);
    return send(message, options);
  };
  return open;
}
