/** Whether the backend answers. */
import { beginCall } from "./calls.ts";
import type { Gate } from "./gate.ts";

export interface Health {
  ok: boolean;
  latencyMs: number;
  detail?: string;
}

/** How long the backend may take to answer. */
const patience = "5s";

export function createHealth(gate: Gate): () => Promise<Health> {
  return async () => {
    const start = performance.now();
    const latency = () => performance.now() - start;
    try {
      await gate.read("system", ["health"], beginCall("health", undefined, { timeout: patience }));
      return { ok: true, latencyMs: latency() };
    } catch (error) {
      return { ok: false, latencyMs: latency(), detail: error instanceof Error ? error.message : String(error) };
    }
  };
}
