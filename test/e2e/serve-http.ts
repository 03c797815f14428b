/** The built executable in HTTP mode on a free port. */
import { BINARY, emptyHome, type Home } from "./wire.ts";

export type Running = {
  url: string;
  child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  home: Home;
  stderr(): string;
  stop(): Promise<void>;
};

export async function serve(
  args: string[] = ["--demo", "--ephemeral"],
  env: Record<string, string> = {},
): Promise<Running> {
  const home = emptyHome();
  const child = Bun.spawn([BINARY, "serve", "--transport", "http", "--port", "0", ...args], {
    cwd: home.cwd,
    env: { ...home.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let stderr = "";
  const url = await new Promise<string>((resolve, reject) => {
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stderr) {
        stderr += decoder.decode(chunk, { stream: true });
        const found = /http:\/\/\S+\/mcp/.exec(stderr)?.[0];
        if (found) resolve(found);
      }
      reject(new Error(`did not start: ${stderr}`));
    })();
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await child.exited;
    home.remove();
  };
  return { url, child, home, stderr: () => stderr, stop };
}
