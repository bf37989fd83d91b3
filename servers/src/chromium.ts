import { findProgram } from "./find-program.ts";
import { MissingServer } from "./missing-server.ts";

/**
 * Absolute path of the browser of this machine, or of the one that `CHROMIUM_PATH` names.
 *
 * @throws MissingServer where there is none.
 */
export function findChromium(): string {
  const { CHROMIUM_PATH: given } = process.env;
  const found = given || ["chromium", "chromium-browser", "google-chrome"].map(findProgram).find(Boolean);
  if (found) return found;
  throw new MissingServer("There is no Chromium on this machine. Install Debian's chromium, or set CHROMIUM_PATH.");
}
