/**
 * Which adapters have been imported, by name. The table hangs on `globalThis` under a registered symbol, so that two installed copies of this package share it.
 */
import type { PersistAdapter } from "./contract.ts";
import { PersistError } from "./errors.ts";

/** Each adapter types its own options, by `AdapterRegistry`; `never` lets any of them stand here. */
export type AdapterFactory = (options: never) => PersistAdapter | Promise<PersistAdapter>;

/** What an adapter package registers when it is imported: light, so that importing it costs nothing until a store is opened. */
export interface AdapterDescriptor {
  /** What `createStore({ adapter })` names it by. */
  readonly name: string;
  /** The package that registers it; two packages may not share a name. */
  readonly package: string;
  /** The version of the contract between core and adapter. */
  readonly contract: 1;
  /** Loads the factory, and the driver with it. The factory gets the options of `createStore`, and refuses what it does not know. */
  load(): Promise<AdapterFactory>;
}

const table: unique symbol = Symbol.for("cuitty.persist.adapters/1") as never;

/** Every descriptor under its name. Two under one name are both kept: only who asks for that name is told. */
function descriptors(): Map<string, AdapterDescriptor[]> {
  const host = globalThis as { [table]?: Map<string, AdapterDescriptor[]> };
  host[table] ??= new Map();
  return host[table];
}

/** Makes an adapter known by name. Registering the same package again replaces what it registered before. */
export function registerAdapter(descriptor: AdapterDescriptor): void {
  const others = (descriptors().get(descriptor.name) ?? []).filter((other) => other.package !== descriptor.package);
  descriptors().set(descriptor.name, [...others, descriptor]);
}

/** The adapter of that name, or `undefined`. Throws ADAPTER_CONFLICT where it is not clear which, or where it speaks another contract. */
export function findAdapter(name: string): AdapterDescriptor | undefined {
  const [descriptor, other] = descriptors().get(name) ?? [];
  if (descriptor === undefined) return undefined;
  if (other !== undefined) {
    throw new PersistError(
      "ADAPTER_CONFLICT",
      `Two packages registered the adapter "${name}": ${descriptor.package} and ${other.package}. Import only one of them, or pass the adapter itself: createStore({ adapter: ... }).`,
    );
  }
  if (descriptor.contract !== 1) {
    throw new PersistError(
      "ADAPTER_CONFLICT",
      `The adapter "${name}" of ${descriptor.package} speaks version ${String(descriptor.contract)} of the adapter contract; this core speaks version 1. Upgrade the older of the two.`,
    );
  }
  return descriptor;
}

/** The names of all registered adapters, sorted. */
export function registeredAdapters(): string[] {
  return [...descriptors().keys()].sort();
}
