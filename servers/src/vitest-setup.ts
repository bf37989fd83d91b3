/** Vitest's global set-up: one PostgreSQL for a whole run, started when the first test asks for it, gone with the run. */
import { createServer } from "node:net";
import type { TestProject } from "vitest/node";
import { MissingServer } from "./missing-server.ts";
import type { PostgresServer } from "./postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where to ask for the run's PostgreSQL: whoever connects to this port is told, as one {@link PostgresOffer}. */
    postgresDesk: number;
  }
}

export type PostgresOffer =
  | { readonly url: string; readonly version: string }
  | { readonly failure: string; readonly missing: boolean };

type SetUp = (project: TestProject) => Promise<() => Promise<void>>;

export default ((project) =>
  // Loaded when needed: most runs need none of it.
  offerPostgres(project, async () => (await import("./postgres.ts")).startPostgres())) satisfies SetUp;

/** `start` is called once, when the first test asks. */
export async function offerPostgres(
  project: TestProject,
  start: () => Promise<PostgresServer>,
): Promise<() => Promise<void>> {
  let started: Promise<PostgresServer> | undefined;
  const offer = async (): Promise<PostgresOffer> => {
    try {
      started ??= start();
      const { url, version } = await started;
      return { url, version };
    } catch (error) {
      return { failure: String(error), missing: error instanceof MissingServer };
    }
  };
  const desk = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    void offer().then((told) => socket.end(JSON.stringify(told)));
  });
  await new Promise<void>((resolve, reject) => {
    desk.once("error", reject);
    desk.listen(0, "127.0.0.1", resolve);
  });
  project.provide("postgresDesk", (desk.address() as { port: number }).port);
  return async () => {
    desk.close();
    await started?.then(
      (server) => server.stop(),
      () => {}, // The tests have been told.
    );
  };
}
