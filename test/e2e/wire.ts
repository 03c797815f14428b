/** The built executable on raw pipes: bytes in, every line out, nothing of the SDK between. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY } from "./binary.ts";

export { BINARY };

export type Message = {
  jsonrpc?: string;
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
};

export type Home = { env: Record<string, string>; cwd: string; remove(): void };

/** A user's machine with nothing on it. */
export function emptyHome(): Home {
  const home = mkdtempSync(join(tmpdir(), "mixpanel-data-mcp-e2e-"));
  const cwd = join(home, "cwd");
  mkdirSync(cwd);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    MP_CONFIG_PATH: join(home, "config.toml"),
    MP_DATA_DIR: join(home, "data"),
  };
  return { env, cwd, remove: () => rmSync(home, { recursive: true, force: true }) };
}

export const request = (id: string | number, method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
export const notification = (method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`;
export const callTool = (id: string | number, name: string, args: unknown = {}) =>
  request(id, "tools/call", { name, arguments: args });

export const INITIALIZE = request("init", "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "wire", version: "0" },
});
export const INITIALIZED = notification("notifications/initialized");

export class Wire {
  readonly messages: Message[] = [];
  /** Lines of stdout that are not one JSON-RPC message each: there must be none. */
  readonly strayLines: string[] = [];
  stderr = "";
  readonly exited: Promise<number>;
  private readonly child;
  private readonly home: Home;
  private waiting: (() => void)[] = [];
  private readonly reading: Promise<void>;

  constructor(
    args: string[] = ["--demo", "--ephemeral"],
    options: { env?: Record<string, string>; home?: Home; slow?: number } = {},
  ) {
    this.home = options.home ?? emptyHome();
    this.child = Bun.spawn([BINARY, ...args], {
      cwd: this.home.cwd,
      env: { ...this.home.env, ...options.env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.exited = this.child.exited;
    this.reading = this.readOutput(options.slow);
    void this.readErrors();
  }

  get pid(): number {
    return this.child.pid;
  }

  async write(bytes: string | Uint8Array): Promise<void> {
    this.child.stdin.write(bytes);
    await this.child.stdin.flush();
  }

  async open(): Promise<this> {
    await this.write(INITIALIZE + INITIALIZED);
    await this.answer("init");
    return this;
  }

  /** The answer with this id; rejects when the output ends without it. */
  async answer(id: string | number | null): Promise<Message> {
    return this.find((message) => message.id === id && message.method === undefined);
  }

  async find(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found) return found;
      const ended = await Promise.race([
        new Promise<false>((resolve) => this.waiting.push(() => resolve(false))),
        this.reading.then(() => true),
      ]);
      if (ended && !this.messages.some(matches))
        throw new Error(`output ended without the message; stderr: ${this.stderr.slice(-500)}`);
    }
  }

  /** Still alive and listening. */
  async ping(id: string | number): Promise<void> {
    await this.write(request(id, "ping"));
    const { error } = await this.answer(id);
    if (error) throw new Error(error.message);
  }

  closeInput(): void {
    this.child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the server as a client does, and waits until all output is read. Returns the exit code. */
  async end(): Promise<number> {
    this.closeInput();
    const code = await this.exited;
    await this.reading;
    this.home.remove();
    return code;
  }

  private async readOutput(slow: number | undefined): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for await (const chunk of this.child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.take(line);
      for (const wake of this.waiting.splice(0)) wake();
      if (slow !== undefined) await Bun.sleep(slow);
    }
    if (rest !== "") this.strayLines.push(rest);
    for (const wake of this.waiting.splice(0)) wake();
  }

  private take(line: string): void {
    let message: Message | undefined;
    try {
      message = JSON.parse(line) as Message;
    } catch {}
    if (message?.jsonrpc === "2.0" && !line.startsWith("\ufeff")) this.messages.push(message);
    else this.strayLines.push(line);
  }

  private async readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.child.stderr) this.stderr += decoder.decode(chunk, { stream: true });
  }
}
