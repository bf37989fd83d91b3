/**
 * From a name to an adapter: registered by an import, else one of Persist's own that is installed. A name never loads code of anybody else.
 */
import { PersistError } from "./errors.ts";
import { firstParty } from "./first-party.ts";
import { callingPlaces, importFrom } from "./installed.ts";
import { namedMemory } from "./memory/adapter.ts";
import { type AdapterFactory, findAdapter, registeredAdapters } from "./registry.ts";
import { didYouMean } from "./suggestions.ts";

export async function resolveAdapter(name: unknown): Promise<AdapterFactory> {
  if (typeof name !== "string") {
    throw new PersistError(
      "INVALID_ARGUMENT",
      "createStore: adapter must be the name of an adapter, or an adapter itself.",
    );
  }
  const registered = findAdapter(name);
  if (registered !== undefined) return registered.load();
  if (name === "memory") return namedMemory;
  if (Object.hasOwn(firstParty, name)) {
    const places = callingPlaces();
    await firstParty[name]?.();
    if (findAdapter(name) === undefined) await importFrom(places, `@cuitty/persist-${name}`);
    const found = findAdapter(name);
    if (found !== undefined) return found.load();
  }
  throw notFound(name);
}

function notFound(name: string): PersistError {
  const own = Object.keys(firstParty);
  const known = [...new Set(["memory", ...own, ...registeredAdapters()])];
  const shown = JSON.stringify(name.slice(0, 64));
  const help = own.includes(name)
    ? `Install it: npm install @cuitty/persist-${name}. In a bundle, also import it once: import "@cuitty/persist-${name}".`
    : `Registered are: ${registeredAdapters().join(", ") || "none"}. An adapter of another package is installed and imported once: import "persist-${/^[\w-]+$/.test(name) ? name : "…"}".`;
  return new PersistError(
    "ADAPTER_NOT_FOUND",
    `There is no adapter ${shown}.${own.includes(name) ? "" : didYouMean(name, known)} ${help}`,
  );
}
