/** Loads the adapters of Persist itself, where core can see their packages. Loading one registers it. */

/**
 * Literal specifiers, so that bundlers see them; each in a `try` of its own, so that bundlers build without those that are not installed. This package is compiled
 * without knowing any of them (`paths` in tsconfig.json).
 */
export const firstParty: Readonly<Record<string, () => Promise<unknown>>> = {
  sqlite: async () => {
    try {
      return await import("@cuitty/persist-sqlite");
    } catch (error) {
      return missing("@cuitty/persist-sqlite", error);
    }
  },
  postgres: async () => {
    try {
      return await import("@cuitty/persist-postgres");
    } catch (error) {
      return missing("@cuitty/persist-postgres", error);
    }
  },
  s3: async () => {
    try {
      return await import("@cuitty/persist-s3");
    } catch (error) {
      return missing("@cuitty/persist-s3", error);
    }
  },
  p2p: async () => {
    try {
      return await import("@cuitty/persist-p2p");
    } catch (error) {
      return missing("@cuitty/persist-p2p", error);
    }
  },
};

/** Nothing, where the package itself is not there; what else went wrong is not for hiding. */
function missing(specifier: string, error: unknown): undefined {
  const { code, message = "" } = error as { code?: unknown; message?: string };
  const isMissing =
    code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || /resolve|find (module|package)/i.test(message);
  if (isMissing && message.includes(specifier)) return undefined;
  throw error;
}
