import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { mayBeMissing } from "./servers/src/missing-server.ts";
import { findPostgres } from "./servers/src/postgres-binaries.ts";

// Tests run the sources, not the builds. Vite wants the condition twice: for Node (`ssr`) and for browsers.
const resolve = { conditions: ["@cuitty/source", ...defaultClientConditions] };
// Bundlers ask for "module", and get files that Node itself cannot load: the AWS SDK's import one another without extensions.
const serverConditions = defaultServerConditions.filter((condition) => condition !== "module");
const ssr = { resolve: { conditions: ["@cuitty/source", ...serverConditions] } };

// A test that hangs must end, but none is a measurement: on a busy machine everything takes ten times as long.
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000, teardownTimeout: 30_000 };

const browserTests = "packages/*/test/**/*.browser.test.ts";

const projects: TestProjectConfiguration[] = [
  {
    resolve,
    ssr,
    test: {
      name: "node",
      ...timeouts,
      include: [
        "packages/*/test/**/*.test.ts",
        "servers/test/**/*.test.ts",
        "bench/test/**/*.test.ts",
        "scripts/test/**/*.test.ts",
        "fixtures/*.test.ts",
      ],
      globalSetup: "servers/src/vitest-setup.ts",
      exclude: [browserTests],
    },
  },
  {
    resolve,
    ssr,
    test: {
      name: "types",
      include: [],
      typecheck: {
        enabled: true,
        only: true,
        include: ["packages/*/test/**/*.test-d.ts"],
        tsconfig: "./tsconfig.types.json",
      },
    },
  },
];

// What the adapter says in SQL, once more to the oldest server that it serves.
if (!mayBeMissing(() => findPostgres(15))) {
  const told = "{changes,integrity,model,open,plans,sweep,views,wake}";
  projects.push({
    resolve,
    ssr,
    test: {
      name: "postgres-15",
      ...timeouts,
      include: [`packages/persist-postgres/test/${told}.test.ts`],
      globalSetup: "servers/src/vitest-setup-15.ts",
    },
  });
}

const { CHROMIUM_PATH: executablePath } = process.env;
if (executablePath !== undefined) {
  projects.push({
    resolve,
    ssr,
    test: {
      name: "browser",
      ...timeouts,
      include: [browserTests],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        // Chromium refuses its sandbox to root, which is who runs it in a container.
        provider: playwright({ launchOptions: { executablePath, args: ["--no-sandbox"] } }),
        instances: [{ browser: "chromium" }],
      },
    },
  });
}

// As many as there are processors, where the default is one less: many tests wait for servers and disks most of the time.
export default defineConfig({ test: { maxWorkers: "100%", projects } });
