import type { Enforced } from "./bucket.ts";
import type { ConditionStyle } from "./conditions.ts";

/** What a server was found to do with the requests of the probe. */
export interface Findings extends ConditionStyle {
  readonly enforced: Enforced;
  /** Whether copies heed what is asked of their source. */
  readonly copySources: boolean;
  /** Whether bodies need `Content-MD5` for the server to notice that they were damaged on their way; else it does so by their signature, or not at all. */
  readonly wantsMd5: boolean;
}
