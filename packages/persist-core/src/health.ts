/** Whether the backend answers, and what core has to say of what is stored there. */
import { beginCall } from "./calls.ts";
import type { Indexes } from "./indexes/indexes.ts";

export interface Health {
  ok: boolean;
  latencyMs: number;
  detail?: string;
}

/** How long the backend may take to answer. */
const patience = "5s";

export function createHealth(indexes: Pick<Indexes, "trouble">): () => Promise<Health> {
  return async () => {
    const start = performance.now();
    const latency = () => performance.now() - start;
    try {
      const detail = await indexes.trouble(beginCall("health", undefined, { timeout: patience }));
      return detail === undefined ? { ok: true, latencyMs: latency() } : { ok: true, latencyMs: latency(), detail };
    } catch (error) {
      return { ok: false, latencyMs: latency(), detail: error instanceof Error ? error.message : String(error) };
    }
  };
}
