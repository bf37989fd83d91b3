// Runs a task of this repository on a machine that has only Node ≥ 20 with npm: fetches pnpm with npx, lets pnpm install
// what the lockfile names (Node 24 among it), then runs the task with that Node. Plain JavaScript without dependencies,
// because it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, ".cache");
const bin = join(root, "node_modules", ".bin");
const windows = process.platform === "win32";

/** What each `npm run <task>` runs, with the arguments after `--` added at its end. */
const tasks = {
  start: ["pnpm", "--silent", "--filter", "./examples/cities", "run", "main"],
  test: ["node", "scripts/test.ts"],
  build: ["turbo", "run", "build", "--output-logs=new-only"],
  pack: ["node", "scripts/pack.ts"],
  bench: ["node", "--conditions=@cuitty/source", "bench/src/main.ts"],
  conformance: ["node", "--conditions=@cuitty/source", "scripts/conformance.ts"],
  capabilities: ["node", "--conditions=@cuitty/source", "scripts/capabilities.ts"],
  contract: ["node", "--conditions=@cuitty/source", "scripts/contract.ts"],
  crash: ["node", "--conditions=@cuitty/source", "scripts/crash/main.ts"],
  fix: ["biome", "check", "--write"],
  api: ["node", "scripts/api-report.ts", "--write"],
  exec: ["pnpm", "exec"],
};

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
if (!isWritable(homedir())) {
  // npm and pnpm keep their caches under the home folder; a service account often has none that it may write to.
  env.HOME = join(cache, "home");
  mkdirSync(env.HOME, { recursive: true });
  // What `npm run` hands down still names the old one.
  if (env.npm_config_cache?.startsWith(homedir())) delete env.npm_config_cache;
}

const [task, ...args] = process.argv.slice(2);
const command = tasks[task];
if (command === undefined) fail(`usage: node scripts/bootstrap.mjs ${Object.keys(tasks).join(" | ")} [arguments]`, 2);

env.PATH = [bin, dirname(await findPnpm()), process.env.PATH].join(delimiter);
await install();
requireNode();
process.exitCode = await run([...command, ...args]);

/** The path of the pnpm that package.json names. npx takes a second even for what it has, so the path is remembered. */
async function findPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const memo = join(cache, "pnpm-path.json");
  if (existsSync(memo)) {
    const known = JSON.parse(readFileSync(memo, "utf8"));
    if (known.packageManager === packageManager && existsSync(known.path)) return known.path;
  }
  console.log(`fetching ${packageManager}`);
  // Without --prefer-offline npx asks the registry even for a cached exact version, for minutes when there is no network.
  const npx = ["npx", "--yes", "--prefer-offline", "--package", packageManager, "-c", "node -p process.env.PATH"];
  const { status, stdout, stderr } = await capture(npx);
  const path = stdout
    .trim()
    .split(delimiter)
    .map((folder) => join(folder, windows ? "pnpm.cmd" : "pnpm"))
    .find((candidate) => existsSync(candidate));
  if (status !== 0 || path === undefined) fail(`${stderr}\ncould not fetch ${packageManager} with npx`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(memo, JSON.stringify({ packageManager, path }));
  return path;
}

async function install() {
  const started = Date.now();
  if (!existsSync(bin)) console.log("installing the dependencies (the first time takes about half a minute)");
  const { status, stdout, stderr } = await capture(["pnpm", "install", "--frozen-lockfile", "--prefer-offline"]);
  if (status !== 0) fail(`${stdout}${stderr}\npnpm install failed`);
  console.log(`dependencies installed (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

/** Node 24 comes from npm for Linux and Windows on common processors; elsewhere the system's must do. */
function requireNode() {
  const { stdout } = spawnSync("node", ["--version"], { env, encoding: "utf8", shell: windows });
  const [major = 0, minor = 0] = (stdout ?? "").trim().slice(1).split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  fail(
    `The tasks need Node >= 22.18 on this platform (${process.platform} ${process.arch}); found ${stdout || "none"}`,
  );
}

/** Runs a command with this terminal; answers its exit code. */
function run([file, ...rest]) {
  return new Promise((resolve) => {
    const child = spawn(file, rest, { cwd: root, env, stdio: "inherit", shell: windows });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => fail(`${file}: ${error.message}`));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function capture([file, ...rest]) {
  return new Promise((resolve) => {
    const child = spawn(file, rest, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], shell: windows });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", (error) => resolve({ status: 1, stdout, stderr: `${file}: ${error.message}` }));
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
