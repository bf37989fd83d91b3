/**
 * From a name to an adapter: registered by an import, else one of Persist's own that is installed. A name never loads code of anybody else.
 */
import { PersistError } from "./errors.ts";
import { callingPlaces, importFrom } from "./installed.ts";
import { memory } from "./memory/adapter.ts";
import { type AdapterFactory, findAdapter, registeredAdapters } from "./registry.ts";
import { didYouMean } from "./suggestions.ts";

/**
 * Literal specifiers, so that bundlers see them; each in a `try` of its own below, so that bundlers build without those that are not installed; and cast, so that this
 * package builds without them too.
 */
const firstParty: Readonly<Record<string, () => Promise<unknown>>> = {
  sqlite: async () => {
    try {
      return await import("@cuitty/persist-sqlite" as string);
    } catch (error) {
      return missing("@cuitty/persist-sqlite", error);
    }
  },
  postgres: async () => {
    try {
      return await import("@cuitty/persist-postgres" as string);
    } catch (error) {
      return missing("@cuitty/persist-postgres", error);
    }
  },
  s3: async () => {
    try {
      return await import("@cuitty/persist-s3" as string);
    } catch (error) {
      return missing("@cuitty/persist-s3", error);
    }
  },
  p2p: async () => {
    try {
      return await import("@cuitty/persist-p2p" as string);
    } catch (error) {
      return missing("@cuitty/persist-p2p", error);
    }
  },
};

export async function resolveAdapter(name: unknown): Promise<AdapterFactory> {
  if (typeof name !== "string") {
    throw new PersistError(
      "INVALID_ARGUMENT",
      "createStore: adapter must be the name of an adapter, or an adapter itself.",
    );
  }
  const registered = findAdapter(name);
  if (registered !== undefined) return registered.load();
  if (name === "memory") return memory;
  if (Object.hasOwn(firstParty, name)) {
    const places = callingPlaces();
    await firstParty[name]?.();
    if (findAdapter(name) === undefined) await importFrom(places, `@cuitty/persist-${name}`);
    const found = findAdapter(name);
    if (found !== undefined) return found.load();
  }
  throw notFound(name);
}

/** Nothing, where the package itself is not there; what else went wrong is not for hiding. */
function missing(specifier: string, error: unknown): undefined {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  const isMissing =
    code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || /resolve|find (module|package)/i.test(message);
  if (isMissing && message.includes(specifier)) return undefined;
  throw error;
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
