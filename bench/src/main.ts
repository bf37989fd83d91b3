/**
 * `npm run bench -- SUITE [--json] [--quick] [--save]`: builds the packages, then runs the suite in a process of its own. That process imports the builds, which is what
 * users run, and not the sources, as this one does; and it may collect garbage between samples.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const turbo = join(root, "node_modules", ".bin", "turbo");

const built = await run(
  turbo,
  ["run", "build", "--filter=./packages/*", "--output-logs=errors-only"],
  process.stderr.fd,
);
process.exitCode =
  built === 0
    ? await run(
        process.execPath,
        ["--expose-gc", join(import.meta.dirname, "run.ts"), ...process.argv.slice(2)],
        process.stdout.fd,
      )
    : built;

function run(file: string, args: readonly string[], stdout: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      stdio: ["ignore", stdout, "inherit"],
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
      shell: process.platform === "win32",
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
