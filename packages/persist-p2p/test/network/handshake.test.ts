import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createHandshake,
  type Handshake,
  type HandshakeTerms,
  Refusal,
} from "../../src/network/membership/handshake.ts";

const key = randomBytes(32);
const none = new Uint8Array(0);

function terms(role: "first" | "second", o: Partial<HandshakeTerms> = {}): HandshakeTerms {
  const [self, peer] = role === "first" ? ["a", "b"] : ["b", "a"];
  return { role, self, peer, purpose: "test", key, attach: () => none, accept: () => undefined, ...o };
}

/** Lets two talk until both are done. Answers what each has sent. */
function talk(
  first: Handshake,
  second: Handshake,
): { readonly sent: readonly Uint8Array[]; readonly done: readonly boolean[] } {
  const sides = [first, second];
  const done = [false, false];
  const sent: Uint8Array[] = [];
  let message = first.start();
  for (let to = 1; message !== undefined; to = 1 - to) {
    sent.push(message);
    const answer = (sides[to] as Handshake).receive(message);
    done[to] = answer.done;
    message = answer.send;
  }
  return { sent, done };
}

test("two that have the key convince each other in four messages", () => {
  const attached: string[] = [];
  const accept = (attachment: Uint8Array): void => void attached.push(Buffer.from(attachment).toString());
  const { sent, done } = talk(
    createHandshake(terms("first", { attach: () => Buffer.from("from a"), accept })),
    createHandshake(terms("second", { attach: () => Buffer.from("from b"), accept })),
  );
  expect(done).toEqual([true, true]);
  expect(sent.map(({ length }) => length)).toEqual([34, 34, 39, 39]);
  expect(attached).toEqual(["from a", "from b"]);
});

test.each<[string, Partial<HandshakeTerms>]>([
  ["another key", { key: randomBytes(32) }],
  ["another purpose", { purpose: "another" }],
  ["another id than the transport has seen", { self: "c" }],
  ["a proof for somebody else", { peer: "c" }],
])("the second one refuses %s, and sends no proof", (_, wrong) => {
  const second = createHandshake(terms("second"));
  expect(() => talk(createHandshake(terms("first", wrong)), second)).toThrow(Refusal);
});

test("the first one refuses a second one that has no key", () => {
  const first = createHandshake(terms("first"));
  first.start();
  first.receive(Buffer.concat([Uint8Array.of(1, 1), randomBytes(32)]));
  expect(() => first.receive(Buffer.concat([Uint8Array.of(2), randomBytes(32)]))).toThrow(Refusal);
});

test("a proof cannot be sent back to who has made it, nor used again", () => {
  const first = createHandshake(terms("first"));
  const hello = first.start() as Uint8Array;
  // A mirror: it answers with what it was sent.
  const { send: proof = none } = first.receive(hello);
  expect(() => first.receive(proof)).toThrow(Refusal);

  const { sent } = talk(createHandshake(terms("first")), createHandshake(terms("second")));
  const again = createHandshake(terms("second"));
  again.receive(sent[0] as Uint8Array);
  expect(() => again.receive(sent[2] as Uint8Array)).toThrow(Refusal);
});

test("what cannot be read is refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (one, other) => {
      const second = createHandshake(terms("second"));
      expect(() => {
        second.receive(one);
        second.receive(other);
      }).toThrow(Refusal);
    }),
  );
});

test("another version is refused by its number", () => {
  const second = createHandshake(terms("second"));
  expect(() => second.receive(Buffer.concat([Uint8Array.of(1, 2), randomBytes(32)]))).toThrow("version 2");
});
