/** PostgreSQL, which is killed as well as its clients. */
import { createStore } from "@cuitty/persist-core";
import "@cuitty/persist-postgres";
import { checkIntegrity } from "@cuitty/persist-postgres/adapter";
import { createPlaceOnServer } from "../place-on-server.ts";
import type { Target } from "../target.ts";

export const target: Target = {
  createPlace: () => createPlaceOnServer("postgres"),
  open: (location) => createStore({ name: "crash", adapter: "postgres", connection: connectionOf(location) }),
  inspect: (_, { location }) => checkIntegrity({ connection: connectionOf(location) }),
};

function connectionOf(location: string) {
  const { hostname: host, port, pathname, username: user } = new URL(location);
  return { host, port: Number(port), database: pathname.slice(1), user };
}
