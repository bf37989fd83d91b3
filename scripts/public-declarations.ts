// Follows the exports of a built .d.ts file through the package and answers their declarations, without comments.
// It works on the text and its syntax tree: the compiler in use has no stable API to ask.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Comment, type Node, parseSync, type Statement } from "oxc-parser";

export interface PublicDeclarations {
  /** Whole modules of other packages that are exported again, as written. */
  reexports: string[];
  /** Declarations by exported name. */
  exported: Map<string, string>;
  /** What exported declarations refer to without its being exported, by name: it is part of the surface all the same. */
  referred: Map<string, string>;
  /** `declare module` and `declare global` blocks of the files on the way. */
  augmentations: string[];
}

interface DeclarationFile {
  path: string;
  declarations: Map<string, { text: string; mentions: Set<string> }>;
  /** Local name → where it comes from. */
  imports: Map<string, Origin>;
  /** Exported name → local name or where it comes from. */
  exports: Map<string, string | Origin>;
  stars: string[];
  augmentations: string[];
}

interface Origin {
  from: string;
  name: string;
}

export function publicDeclarations(entry: string): PublicDeclarations {
  const files = new Map<string, DeclarationFile>();
  const load = (path: string): DeclarationFile => {
    const known = files.get(path) ?? parseDeclarations(path);
    files.set(path, known);
    return known;
  };

  const result: PublicDeclarations = { reexports: [], exported: new Map(), referred: new Map(), augmentations: [] };
  const printed = new Set<string>();
  const pending: { file: DeclarationFile; name: string }[] = [];

  const print = (into: Map<string, string>, as: string, file: DeclarationFile, name: string): void => {
    const origin = file.imports.get(name);
    if (origin !== undefined) {
      printOrigin(into, as, file, origin);
      return;
    }
    const declaration = file.declarations.get(name);
    if (declaration === undefined || printed.has(`${file.path}:${name}`)) return;
    printed.add(`${file.path}:${name}`);
    const text = as === name ? declaration.text : `${declaration.text} // exported as ${as}`;
    // Two files may each have an inner declaration of the same name.
    into.set(as, into.has(as) ? `${into.get(as)}\n${text}` : text);
    for (const mention of declaration.mentions) pending.push({ file, name: mention });
  };

  const printOrigin = (into: Map<string, string>, as: string, file: DeclarationFile, { from, name }: Origin): void => {
    if (!from.startsWith(".")) {
      if (into === result.exported)
        into.set(as, `export { ${name === as ? name : `${name} as ${as}`} } from "${from}";`);
      return;
    }
    const target = load(declarationPath(file.path, from));
    const exported = target.exports.get(name);
    if (typeof exported === "object") printOrigin(into, as, target, exported);
    else if (exported !== undefined) print(into, as, target, exported);
    else for (const star of target.stars) printOrigin(into, as, target, { from: star, name });
  };

  const visitExports = (file: DeclarationFile, seen = new Set<string>()): void => {
    if (seen.has(file.path)) return;
    seen.add(file.path);
    for (const [as, source] of file.exports) {
      if (typeof source === "string") print(result.exported, as, file, source);
      else printOrigin(result.exported, as, file, source);
    }
    for (const star of file.stars) {
      if (star.startsWith(".")) visitExports(load(declarationPath(file.path, star)), seen);
      else result.reexports.push(`export * from "${star}";`);
    }
  };

  visitExports(load(entry));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    print(result.referred, next.name, next.file, next.name);
  }
  result.augmentations = [...files.values()].flatMap((file) => file.augmentations).sort();
  return result;
}

function declarationPath(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.(js|ts)$/, ".d.ts"));
}

function parseDeclarations(path: string): DeclarationFile {
  const source = readFileSync(path, "utf8");
  const { program, comments, errors } = parseSync(path, source);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  const file: DeclarationFile = {
    path,
    declarations: new Map(),
    imports: new Map(),
    exports: new Map(),
    stars: [],
    augmentations: [],
  };

  const declare = (node: Node, whole: Statement): string[] => {
    const names = declaredNames(node);
    for (const name of names) {
      const earlier = file.declarations.get(name);
      const text = withoutComments(source, comments, whole.start, whole.end);
      file.declarations.set(name, {
        // Overloads and merged interfaces are several declarations of one name.
        text: earlier === undefined ? text : `${earlier.text}\n${text}`,
        mentions: new Set([...(earlier?.mentions ?? []), ...identifiersIn(node)]),
      });
    }
    return names;
  };

  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      for (const specifier of node.specifiers) {
        const name = specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : "*";
        file.imports.set(specifier.local.name, { from: node.source.value, name });
      }
    } else if (node.type === "ExportAllDeclaration") {
      if (node.exported === null) file.stars.push(node.source.value);
      else file.exports.set(nameOf(node.exported), { from: node.source.value, name: "*" });
    } else if (node.type === "ExportNamedDeclaration") {
      for (const { local, exported } of node.specifiers) {
        const origin = node.source === null ? nameOf(local) : { from: node.source.value, name: nameOf(local) };
        file.exports.set(nameOf(exported), origin);
      }
      if (node.declaration !== null) {
        for (const name of declare(node.declaration, node)) file.exports.set(name, name);
      }
    } else if (node.type === "TSModuleDeclaration" && (node.kind === "global" || node.id.type === "Literal")) {
      file.augmentations.push(withoutComments(source, comments, node.start, node.end));
    } else declare(node, node);
  }
  return file;
}

function declaredNames(node: Node): string[] {
  if (node.type === "VariableDeclaration") {
    return node.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.name] : []));
  }
  return "id" in node && node.id !== null && node.id?.type === "Identifier" ? [node.id.name] : [];
}

function nameOf(node: { type: string; name?: string; value?: string }): string {
  return node.name ?? node.value ?? "";
}

/** Every identifier below a node. Some are property names; those that are no declaration lead nowhere. */
function identifiersIn(node: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) for (const item of node) identifiersIn(item, found);
  else if (typeof node === "object" && node !== null) {
    if ("type" in node && node.type === "Identifier" && "name" in node) found.add(String(node.name));
    for (const value of Object.values(node)) identifiersIn(value, found);
  }
  return found;
}

function withoutComments(source: string, comments: readonly Comment[], start: number, end: number): string {
  let text = "";
  let position = start;
  for (const comment of comments.filter((candidate) => candidate.start >= start && candidate.end <= end)) {
    text += source.slice(position, comment.start);
    position = comment.end;
  }
  text += source.slice(position, end);
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}
