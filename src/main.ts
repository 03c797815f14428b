/** argv -> command; the last catch. Children of ours come first: they load nothing but their own part. */
export {};

const [command, ...rest] = process.argv.slice(2);

if (command === "__sql") {
  const { runSqlChild } = await import("./store/sandbox-main.ts");
  await runSqlChild();
} else if (command === "__writer") {
  const { runWriterChild } = await import("./store/writer-main.ts");
  await runWriterChild();
} else {
  const { run } = await import("./cli/run.ts");
  process.exitCode = await run(command, rest);
  // Exit codes must not wait for handles that others left open; everything that matters was drained by the command.
  process.exit();
}
