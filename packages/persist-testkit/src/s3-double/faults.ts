/** What a test lets go wrong. */
import type { RequestDescription } from "./request.ts";

export type Fault =
  /** Answers this error: without having done what was asked for, or, where `done`, after it. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly done?: boolean;
      /** Seconds, for the header `Retry-After`. */
      readonly retryAfter?: number;
    }
  /** Answers 200 with this error in the body, as S3 does for long copies and completions. Nothing is done. */
  | { readonly kind: "error-in-200"; readonly code: string }
  /** Answers so many milliseconds later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Cuts the connection after so many bytes of the request's body (default 0). Nothing is done. */
  | { readonly kind: "lose-request"; readonly afterBytes?: number }
  /** Does it, and cuts the connection. */
  | { readonly kind: "lose-reply" }
  /** Neither does it nor answers, until the client gives up. */
  | { readonly kind: "hang" }
  /** Moves the bodies of the request and of the reply no faster than this. */
  | { readonly kind: "slow-body"; readonly bytesPerSecond: number }
  /** Cuts the connection after so many bytes of the reply's body. */
  | { readonly kind: "cut-body"; readonly afterBytes: number }
  /** Changes one bit of that byte of the reply's body, on its way. */
  | { readonly kind: "flip-bit"; readonly atByte: number };

export interface FaultRule {
  readonly fault: Fault;
  /** Which requests it is for. Default: all. */
  readonly when?: (request: RequestDescription) => boolean;
  /** How many of those it passes over first. Default 0. */
  readonly skip?: number;
  /** To how many it happens at most. Default: to all. */
  readonly times?: number;
  /** To which share of those it happens, from 0 to 1: at random, by the double's `seed`. Default 1. */
  readonly share?: number;
}

export interface InjectedFault {
  /** To how many requests it has happened. */
  readonly hits: number;
  remove(): void;
}

export interface Faults {
  /** Rules apply in the order in which they were added; several may apply to one request. */
  add(rule: FaultRule): InjectedFault;
  /** Removes all. */
  clear(): void;
}

/** The code and status by which S3 asks for fewer requests. */
export const slowDown: Fault = {
  kind: "answer",
  status: 503,
  code: "SlowDown",
  message: "Please reduce your request rate.",
};

/** @returns The rules, and how to find those that apply to a request; asking counts. */
export function createFaults(seed: number): Faults & { applying(request: RequestDescription): Fault[] } {
  interface Active extends FaultRule {
    seen: number;
    hits: number;
  }
  const rules = new Set<Active>();
  const random = createRandom(seed);

  const applies = (rule: Active, request: RequestDescription) => {
    const { when, skip = 0, times = Number.POSITIVE_INFINITY, share = 1 } = rule;
    if (when !== undefined && !when(request)) return false;
    rule.seen += 1;
    if (rule.seen <= skip || rule.hits >= times || (share < 1 && random() >= share)) return false;
    rule.hits += 1;
    return true;
  };
  return {
    add(rule) {
      const active: Active = { ...rule, seen: 0, hits: 0 };
      rules.add(active);
      return {
        get hits() {
          return active.hits;
        },
        remove: () => void rules.delete(active),
      };
    },
    clear: () => rules.clear(),
    applying: (request) => [...rules].filter((rule) => applies(rule, request)).map(({ fault }) => fault),
  };
}

/** From 0 to 1, the same for the same seed: the generator mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
