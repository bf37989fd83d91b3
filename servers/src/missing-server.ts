/** A server that this machine does not have. */
export class MissingServer extends Error {
  override readonly name: string = "MissingServer";
}

/**
 * Why tests may be left out: `look` throws {@link MissingServer}. It is said aloud, too. Where `PERSIST_REQUIRE_SERVERS`
 * is set, as continuous integration does, nothing may be left out: the tests run, and fail with the same words.
 *
 * ```ts
 * const missing = mayBeMissing(() => findPgBouncer());
 * describe.skipIf(missing)(`behind PgBouncer${missing && ` (skipped: ${missing})`}`, () => { … });
 * ```
 *
 * @returns The reason, or `""` where there is none.
 */
export function mayBeMissing(look: () => unknown): string {
  try {
    look();
    return "";
  } catch (error) {
    if (!(error instanceof MissingServer)) throw error;
    if (process.env.PERSIST_REQUIRE_SERVERS) return "";
    console.warn(`SKIPPED: ${error.message}`);
    return error.message;
  }
}
