import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import { parseSync } from "oxc-parser";
import type { ImportKind } from "./layer-rules.ts";

export interface ModuleImport {
  /** As written. */
  specifier: string;
  /** The target's path from the root for a relative import, else the specifier, with `node:` for Node's own modules. */
  target: string;
  kind: ImportKind;
  line: number;
}

/** The imports of one TypeScript file: static, type-only, re-exported and dynamic with a literal specifier. */
export async function readImports(root: string, file: string): Promise<ModuleImport[]> {
  const source = await readFile(join(root, file), "utf8");
  const { module, program, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);

  const found: { specifier: string; kind: ImportKind; start: number }[] = [];
  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      // `import { type A }` keeps its import at run time under verbatimModuleSyntax; only `import type` does not.
      const kind = node.importKind === "type" ? "type" : "value";
      found.push({ specifier: node.source.value, kind, start: node.start });
    } else if (node.type === "ExportAllDeclaration" || node.type === "ExportNamedDeclaration") {
      if (node.source === null) continue;
      const kind = node.exportKind === "type" ? "type" : "value";
      found.push({ specifier: node.source.value, kind, start: node.start });
    }
  }
  for (const { start, moduleRequest } of module.dynamicImports) {
    // A cast (`import("x" as string)`) hides the specifier from the compiler only.
    const literal = /^["']([^"']*)["']/.exec(source.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1] !== undefined) found.push({ specifier: literal[1], kind: "dynamic", start });
  }
  return found.map(({ specifier, kind, start }) => ({
    specifier,
    target: targetOf(file, specifier),
    kind,
    line: source.slice(0, start).split("\n").length,
  }));
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith(".")) return posix.normalize(posix.join(posix.dirname(file), specifier));
  return isBuiltin(specifier) && !specifier.startsWith("node:") ? `node:${specifier}` : specifier;
}
