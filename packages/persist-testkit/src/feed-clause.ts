/** Clauses about what follows keys: where nobody writes down what changes, chapter 78 says what holds instead. */
import type { Capabilities, Engine, EngineOptions } from "@cuitty/persist-core";
import { type Clause, clause, type Wording } from "./clause.ts";
import type { Context } from "./context.ts";
import { verb } from "./engine-verbs.ts";

export function feedClause(key: `K-feed-${string}`, wording: Wording, run: (t: Context) => Promise<void>): Clause {
  return clause(key, wording, async (t) => {
    needFeed(t, (await t.store()).capabilities);
    await run(t);
  });
}

/** As `verb`. */
export function feedVerb(
  key: `K-engine-${string}`,
  wording: Wording,
  run: (engine: Engine, o: EngineOptions, t: Context) => Promise<void>,
): Clause {
  return verb(key, wording, async (engine, o, t) => {
    needFeed(t, engine.capabilities);
    await run(engine, o, t);
  });
}

function needFeed(t: Context, { watch }: Capabilities): void {
  if (watch === "absent") t.absent("watch is absent");
}
