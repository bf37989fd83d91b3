// Who may import whom. This table is the architecture as a machine reads it; check-layers.ts enforces it.
//
// `files` and `forbid` are globs. A relative import is matched by the path of its target from the repository's root, any
// other by its specifier (Node's own modules always with `node:`). `kinds` says which imports count; without it all do.

export type ImportKind = "value" | "type" | "dynamic";

export interface ImportRule {
  rule: string;
  files: readonly string[];
  exceptFiles?: readonly string[];
  forbid: readonly string[];
  allow?: readonly string[];
  kinds?: readonly ImportKind[];
}

const core = "packages/persist-core/src";
const adapters = "packages/persist-{sqlite,postgres,s3,p2p}/src";
/** Where libp2p is known, and nowhere else. */
const network = "packages/persist-p2p/src/network";
const drivers = [`${adapters}/driver.ts`, `${adapters}/drivers/**`, `${network}/**`];

const nodeModules = ["node:*", "node:*/**"];
/** Any specifier that names a package; relative targets lie under packages/ or examples/ and are none of these. */
const anyPackage = ["!(packages|examples|node:*)", "!(packages|examples|node:*)/**"];

export const importRules: readonly ImportRule[] = [
  {
    rule: "the contract and the errors import nothing at run time",
    files: [`${core}/contract.ts`, `${core}/errors.ts`],
    forbid: ["**"],
    kinds: ["value", "dynamic"],
  },
  {
    rule: "core and the umbrella run outside Node: no node:* import",
    files: [`${core}/**`, "packages/persist/src/**"],
    forbid: nodeModules,
  },
  {
    rule: "core knows no other package of the workspace, but for the names of Persist's own adapters",
    files: [`${core}/**`],
    exceptFiles: [`${core}/first-party.ts`],
    forbid: ["@cuitty/**"],
  },
  {
    rule: "facades know the engine contract only: not the registry, an engine, or createStore",
    files: [`${core}/facades/**`],
    forbid: ["registry", "create-store", "memory", "lift"].flatMap((room) => [
      `${core}/${room}.ts`,
      `${core}/${room}/**`,
    ]),
  },
  {
    rule: "engines do not know the facades above them",
    files: [`${core}/memory/**`, `${core}/lift/**`],
    forbid: [`${core}/facades/**`],
  },
  {
    rule: "only an adapter's driver.ts (or drivers/) imports a third-party package",
    files: [`${adapters}/**`],
    exceptFiles: drivers,
    forbid: [...anyPackage, "node:sqlite"],
    allow: ["@cuitty/**"],
  },
  {
    rule: "who belongs to a network of peers is decided without libp2p",
    files: [`${network}/membership/**`],
    forbid: anyPackage,
    allow: ["@cuitty/**"],
  },
  {
    rule: "adapters do not import the umbrella",
    files: [`${adapters}/**`],
    forbid: ["@cuitty/persist", "@cuitty/persist/**"],
  },
  {
    rule: "the conformance kit imports core and fast-check only; its command and its S3 double, Node's modules too",
    files: ["packages/persist-testkit/src/**"],
    exceptFiles: ["packages/persist-testkit/src/{command,s3-double}/**"],
    forbid: [...anyPackage, ...nodeModules],
    allow: ["@cuitty/persist-core", "fast-check"],
  },
  {
    rule: "the command of the conformance kit imports core and Node's modules only",
    files: ["packages/persist-testkit/src/command/**"],
    forbid: anyPackage,
    allow: ["@cuitty/persist-core"],
  },
  {
    rule: "the S3 double knows Node's modules only: neither Persist nor an SDK",
    files: ["packages/persist-testkit/src/s3-double/**"],
    forbid: anyPackage,
  },
  {
    rule: "the conformance kit runs without its command and its S3 double",
    files: ["packages/persist-testkit/src/*.ts", "packages/persist-testkit/src/{clauses,model}/**"],
    forbid: ["packages/persist-testkit/src/{command,s3-double}/**"],
  },
  {
    rule: "servers are started by tests, scripts and benchmarks only",
    files: ["packages/*/src/**", "examples/*/src/**"],
    forbid: ["@cuitty/persist-servers", "@cuitty/persist-servers/**"],
  },
  {
    rule: "the servers know nothing of Persist",
    files: ["servers/src/**"],
    forbid: ["@cuitty/**"],
  },
];

/** An adapter's index registers it and no more: short, and importing it loads no driver, not even through other files. */
export const adapterIndex = { files: `${adapters}/index.ts`, maxLines: 40, drivers };

/** A relative import stays inside the folder that matches: other packages are reached by their published names. */
export const boundaries: readonly string[] = ["packages/*/src", "examples/*", "servers/src"];

/** Names that say nothing about what is inside. */
export const forbiddenNames = /^(utils?|helpers?|common|misc)$/;
