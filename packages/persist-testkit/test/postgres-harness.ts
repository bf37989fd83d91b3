// Stores on one PostgreSQL server, as the kit gets at them. Each adapter is reached through a wire of its own, which can be cut.
import { fourMethods, type PersistAdapter, type Scope } from "@cuitty/persist-core";
import { postgres } from "@cuitty/persist-postgres/adapter";
import { startProxy, type Proxy as Wire } from "@cuitty/persist-servers";
import type { Harness } from "@cuitty/persist-testkit";

interface Opened {
  readonly adapter: PersistAdapter;
  readonly wire: Wire;
}

/** All places are stores of one schema: making a schema for each would take longer than most clauses. */
export function postgresHarness(url: string, o: { readonly name?: string; readonly prepare?: boolean } = {}): Harness {
  const { name = "postgres", prepare = true } = o;
  const opened = new Map<string, Opened[]>();

  return {
    name,

    async open(id) {
      const wire = await startProxy(Number(new URL(url).port));
      const adapter = await postgres({ url: wire.through(url), schema: "kit", pool: { max: 4 }, prepare });
      opened.set(id, [...(opened.get(id) ?? []), { adapter, wire }]);
      const engine = (scope: Scope) => openEngine(adapter, { ...scope, name: `${id}.${scope.name}` });
      return {
        ...fourMethods(engine),
        engine,
        async close() {
          await adapter.close?.();
          await wire.close();
        },
      };
    },

    async crash(id) {
      for (const { wire } of opened.get(id) ?? []) {
        wire.refuse();
        wire.cut();
      }
    },

    async destroy(id) {
      for (const { adapter, wire } of opened.get(id) ?? []) {
        await adapter.close?.();
        await wire.close();
      }
      opened.delete(id);
    },
  };
}

function openEngine(adapter: PersistAdapter, scope: Scope) {
  if (adapter.engine === undefined) throw new Error("The adapter has no engine.");
  return adapter.engine(scope);
}
