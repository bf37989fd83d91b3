/**
 * Finds a package where the app has it although this one cannot see it: strict package managers let each package import only what it depends on itself, and core
 * depends on no adapter. The package is looked up from the file that called `createStore`, then from the entry script, then from the working folder.
 */

interface NodeModule {
  createRequire(base: string): { resolve(specifier: string): string };
}
interface NodeUrl {
  pathToFileURL(path: string): URL;
}
interface NodeUtil {
  getCallSites?(frames: number): readonly { scriptName: string }[];
}
interface NodeFs {
  existsSync(path: string): boolean;
  realpathSync(path: string): string;
}
interface NodeProcess {
  readonly argv: readonly string[];
  cwd(): string;
  getBuiltinModule?(name: string): unknown;
}

const { process } = globalThis as { process?: NodeProcess };

/** Imports the package as one of these places sees it, if any does. A failure while it loads is thrown. */
export async function importFrom(places: readonly string[], specifier: string): Promise<void> {
  const module = process?.getBuiltinModule?.("node:module") as NodeModule | undefined;
  const url = process?.getBuiltinModule?.("node:url") as NodeUrl | undefined;
  if (module === undefined || url === undefined) return;
  for (const base of places) {
    let path: string;
    try {
      path = module.createRequire(base).resolve(specifier);
    } catch {
      continue;
    }
    await import(/* @vite-ignore */ /* webpackIgnore: true */ url.pathToFileURL(path).href);
    return;
  }
}

/** The files that are calling, the entry script and the working folder. Must be asked before the first `await`, which ends the stack of calls. */
export function callingPlaces(): readonly string[] {
  if (process?.getBuiltinModule === undefined) return [];
  const util = process.getBuiltinModule("node:util") as NodeUtil;
  const fs = process.getBuiltinModule("node:fs") as NodeFs;
  const callers = (util.getCallSites?.(32) ?? []).map(({ scriptName }) => scriptName);
  const entry = process.argv[1];
  const places = [...callers, `${process.cwd()}/package.json`];
  // The entry may be started through a link; its packages are where it really is.
  if (entry !== undefined && fs.existsSync(entry)) places.splice(-1, 0, fs.realpathSync(entry));
  return [...new Set(places)].filter((place) => /^(file:|\/|[A-Za-z]:\\)/.test(place));
}
