import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { PersistAdapter } from "@cuitty/persist-core";
import type { Harness } from "../harness.ts";

/** What a module may export instead of a harness: makes an adapter, of an id or of what the module's `options(id)` gives. */
type Factory = (input?: unknown) => PersistAdapter | Promise<PersistAdapter>;

/** The harness that the module exports, or one around its factory. Throws an Error that says what the module should export. */
export async function loadHarness(file: string): Promise<Harness> {
  const module = await importModule(resolve(file));
  const exported = module.default ?? module.harness;
  if (isHarness(exported)) return exported;
  if (typeof exported === "function") {
    return factoryHarness(basename(file, extname(file)), exported as Factory, module.options);
  }
  throw new Error(`${file}: ${complaint(exported)} ${expectation}`);
}

const expectation = `Export as default (or as harness) one of these:
  { name: "my-adapter", open: async (id) => … }   a Harness
  (id) => myAdapter(…)                            a function that makes the adapter of the place called id; the same id, the same data
  () => myAdapter()                               a function that makes an empty adapter each time`;

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new Error(`${path} cannot be imported.${adviceOn(cause)}`, { cause });
  }
}

/** What helps where it is not the module's own fault. */
function adviceOn(error: unknown): string {
  const { code, message = "" } = (error ?? {}) as { code?: string; message?: string };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION")
    return ` Node ${process.version} reads no TypeScript: take 22.18 or later.`;
  if (/import statement outside a module|Unexpected token 'export'/.test(message)) {
    return ' Its package.json says "type": "commonjs": make that "module" (npm pkg set type=module), or name the file .mts.';
  }
  return "";
}

function isHarness(value: unknown): value is Harness {
  const { name, open } = (value ?? {}) as Partial<Harness>;
  return typeof value === "object" && typeof name === "string" && typeof open === "function";
}

function complaint(exported: unknown): string {
  if (exported === undefined) return "It exports nothing that can be tested.";
  const { get, put } = (exported ?? {}) as Partial<PersistAdapter>;
  if (typeof get === "function" && typeof put === "function") {
    return "It exports one adapter, and the kit needs many, each of them empty.";
  }
  return "What it exports is neither a harness nor a function.";
}

/**
 * A harness around a function. One that takes something is called with the id of a place, or with what `options(id)` gives, and is to find the same data
 * at the same id. One that takes nothing makes an empty adapter each time: nothing can be opened again.
 */
export function factoryHarness(name: string, create: Factory, options?: unknown): Harness {
  const optionsOf = typeof options === "function" ? (options as (id: string) => unknown) : (id: string) => id;
  const takesPlace = create.length > 0 || typeof options === "function";
  return {
    name,
    ...(takesPlace ? {} : { reopens: false }),
    open: async (id) => (takesPlace ? create(optionsOf(id)) : create()),
  };
}
