/** Keys are stored as they are: whatever a backend makes of dots, slashes, wildcards or letter case, two different keys never meet. */
import { equal, holds, present } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import { keysOf, listers } from "../listers.ts";
import { operations } from "../operations.ts";
import { refusedBeforeIo } from "../untouched.ts";

type Row = readonly [slug: string, key: string, what: string];

const oddKeys: readonly Row[] = [
  ["percent", "100%", "a percent sign"],
  ["percent-escape", "a%2Fb%00", "what looks percent-encoded"],
  ["underscore", "a_b", "an underscore"],
  ["star", "a*b?", "wildcards"],
  ["brackets", "[a-z]{1,2}(x)", "brackets"],
  ["backslash", "a\\b\\", "backslashes"],
  ["quotes", `'a' "b" \`c\``, "quotes"],
  ["sql", "'; drop table kv; --", "an SQL injection"],
  ["placeholder", "$1 :a @b ?", "what looks like placeholders of SQL"],
  ["dot", ".", "a single dot"],
  ["dots", "..", "two dots"],
  ["traversal", "../../etc/passwd", "a way out of a folder"],
  ["inner-dots", "a/../b", "dots between slashes"],
  ["slash", "/", "a single slash"],
  ["leading-slash", "/a", "a leading slash"],
  ["trailing-slash", "a/", "a trailing slash"],
  ["empty-segment", "a//b", "an empty segment"],
  ["trailing-dot", "a.", "a trailing dot"],
  ["trailing-space", "a ", "a trailing space"],
  ["leading-space", " a", "a leading space"],
  ["only-space", " ", "a space and nothing else"],
  ["line-breaks", "a\r\nb\tc", "line breaks and a tab"],
  ["control", "\u0001\u001f\u007f\u0080\u009f", "control characters"],
  ["drive", "C:\\x", "a drive letter"],
  ["device", "con", "the name of a device"],
  ["device-extension", "NUL.txt", "the name of a device with an extension"],
  ["colon", "a:b::c", "colons"],
  ["url", "https://user:pw@host/path?q=1#hash", "a URL"],
  ["plus", "a+b&c=d", "what query strings escape"],
  ["tilde", "~", "a tilde"],
  ["dash", "-", "a dash"],
  ["bang", "!41 !", "exclamation marks"],
  ["angle", "<key>&amp;</key>", "what looks like XML"],
  ["json", '{"a":[1,null]}', "what looks like JSON"],
  ["number", "0", "a digit"],
  ["negative-zero", "-0", "what looks like a number"],
  ["null", "null", "the word null"],
  ["undefined", "undefined", "the word undefined"],
  ["true", "true", "the word true"],
  ["proto", "__proto__", "__proto__"],
  ["constructor", "constructor", "constructor"],
  ["has-own", "hasOwnProperty", "hasOwnProperty"],
  ["to-string", "toString", "toString"],
  ["umlaut", "Ärger über Öl", "letters with diacritics"],
  ["cjk", "数据库/键", "Chinese characters"],
  ["right-to-left", "مفتاح\u202e/abc", "right-to-left text"],
  ["emoji", "👩‍👩‍👧‍👦🏳️‍🌈", "emoji joined by U+200D"],
  ["astral", "\u{10000}\u{10ffff}", "the first and the last code point above U+FFFF"],
  ["byte-order-mark", "\ufeffa", "a byte order mark"],
  ["noncharacters", "\ufffe\uffff\u{1fffe}", "noncharacters"],
  ["replacement", "\ufffd", "U+FFFD, which stands for broken text elsewhere"],
  ["separators", "\u2028\u2029\u0085", "separators of lines and paragraphs"],
  ["zero-width", "a\u200bb\u00ad", "characters without a width"],
  ["one-letter", "k", "a single letter"],
  ["longest-ascii", "k".repeat(512), "512 bytes, the most there may be"],
  ["longest-astral", "😀".repeat(128), "512 bytes in 128 characters"],
  ["longest-escaped", "/".repeat(512), "512 bytes that file names cannot have"],
  ["longest-controls", "\u0001".repeat(512), "512 control characters"],
  ["longer-than-255", "k".repeat(300), "300 bytes, more than a file name or a short text column takes"],
  ["long-segment", `${"s".repeat(300)}/x`, "a segment longer than a file name may be"],
  ["many-segments", "d/".repeat(200), "two hundred segments"],
];

/** Keys that some backend somewhere takes for one and the same. */
const pairs: readonly (readonly [slug: string, a: string, b: string, what: string])[] = [
  ["case", "Key", "key", "Upper and lower case"],
  ["case-beyond-ascii", "É", "é", "Upper and lower case beyond ASCII"],
  ["sharp-s", "ß", "ss", "ß and ss"],
  ["normal-forms", "\u00e9", "e\u0301", "Composed and decomposed é"],
  ["compatibility-forms", "\ufb01", "fi", "A ligature and its letters"],
  ["full-width", "\uff21", "A", "A full-width letter and the letter"],
  ["colon-slash", "a:b", "a/b", "A colon and a slash"],
  ["backslash-slash", "a\\b", "a/b", "A backslash and a slash"],
  ["dot-slash", "a.b", "a/b", "A dot and a slash"],
  ["double-slash", "a//b", "a/b", "One slash and two"],
  ["leading-slash", "/a", "a", "With and without a leading slash"],
  ["trailing-slash", "a/", "a", "With and without a trailing slash"],
  ["dot-segment", "a/./b", "a/b", "With and without a dot between slashes"],
  ["parent-segment", "a/x/../b", "a/b", "With and without a way up"],
  ["leading-dot-segment", "./a", "a", "With and without a leading dot"],
  ["trailing-space", "a ", "a", "With and without a trailing space"],
  ["trailing-dot", "a.", "a", "With and without a trailing dot"],
  ["leading-space", " a", "a", "With and without a leading space"],
  ["leading-zero", "01", "1", "With and without a leading zero"],
  ["exponent", "1e1", "10", "Two ways to write a number"],
  ["percent-escape", "%41", "A", "An escaped letter and the letter"],
  ["plus-space", "a+b", "a b", "A plus sign and a space"],
  ["byte-order-mark", "\ufeffa", "a", "With and without a byte order mark"],
  ["zero-width", "a\u200b", "a", "With and without a zero-width space"],
  ["variation", "\u2764\ufe0f", "\u2764", "With and without a variation selector"],
  ["bang-escape", "!2F", "/", "What looks like an escape and what it would stand for"],
  ["last-byte", `${"k".repeat(511)}a`, `${"k".repeat(511)}b`, "Keys of 512 bytes that differ in the last"],
  ["first-byte", `a${"/".repeat(511)}`, `b${"/".repeat(511)}`, "Keys of 512 bytes that differ in the first"],
  ["file-folder", "a", "a/b", "A key and one below it"],
  ["file-folder-colon", "a", "a:b", "A key and one that goes on after a colon"],
  ["file-folder-dot", "a.json", "a.json/b", "A key with an extension and one below it"],
];

const badKeys: readonly (readonly [slug: string, key: unknown, what: string])[] = [
  ["empty", "", "an empty key"],
  ["nul", "a\0b", "a key with NUL"],
  ["high-surrogate", "a\ud83d", "a key that ends in half a surrogate pair"],
  ["low-surrogate", "\ude00a", "a key that begins with half a surrogate pair"],
  ["too-long", "k".repeat(513), "a key of 513 bytes"],
  ["too-long-astral", "😀".repeat(129), "a key of 516 bytes in 129 characters"],
  ["no-string", 42, "a key that is a number"],
  ["null", null, "a key that is null"],
  ["object", { toString: () => "a" }, "a key that is an object"],
];

function oddKey([slug, key, what]: Row): Clause {
  return clause(
    `K-key-${slug}`,
    ["A key may be any well-formed text of 1 to 512 bytes without NUL, in every facade", what],
    async (t) => {
      const store = await t.store();
      await store.kv.set(key, 1);
      await store.records.put(key, 2);
      await store.blobs.put(key, "3");
      await store.events.append(key, { type: "t", data: 4 });

      equal(await store.kv.get(key), 1, "kv.get");
      equal((await store.records.get(key))?.value, 2, "the value in records.get");
      equal((await store.records.get(key))?.key, key, "the key in records.get");
      equal(await (await store.blobs.get(key))?.text(), "3", "the text in blobs.get");
      equal(
        (await store.events.read(key).toArray()).map(({ data }) => data),
        [4],
        "the data in events.read",
      );
      equal([...(await store.kv.getMany([key]))], [[key, 1]], "kv.getMany");
      equal(await store.kv.keys().toArray(), [key], "kv.keys");
      equal(await store.kv.keys({ prefix: key }).toArray(), [key], "kv.keys with the key as prefix");
      equal(
        (await store.records.list().toArray()).map((entry) => entry.key),
        [key],
        "the keys of records.list",
      );
      equal(
        (await store.blobs.list().toArray()).map((entry) => entry.key),
        [key],
        "the keys of blobs.list",
      );
      equal(await store.events.streams().toArray(), [{ stream: key, version: 1 }], "events.streams");

      equal(await store.kv.delete(key), true, "kv.delete");
      equal(await store.records.delete(key), true, "records.delete");
      equal(await store.blobs.delete(key), true, "blobs.delete");
      equal(await store.kv.has(key), false, "kv.has after the deletion");
      equal(await store.records.has(key), false, "records.has after the deletion");
      equal(await store.blobs.has(key), false, "blobs.has after the deletion");
    },
  );
}

function distinct([slug, a, b, what]: (typeof pairs)[number]): Clause {
  return clause(
    `K-key-distinct-${slug}`,
    ["Keys that differ at all are two keys, in every facade", what],
    async (t) => {
      const store = await t.store();
      for (const key of [a, b]) {
        await store.kv.set(key, `kv ${key}`);
        await store.records.put(key, `record ${key}`);
        await store.blobs.put(key, `blob ${key}`);
        await store.events.append(key, { type: "t", data: `event ${key}` });
      }
      for (const key of [a, b]) {
        equal(await store.kv.get(key), `kv ${key}`, "kv.get");
        equal((await store.records.get(key))?.value, `record ${key}`, "records.get");
        equal(await (await store.blobs.get(key))?.text(), `blob ${key}`, "blobs.get");
        equal(
          (await store.events.read(key).toArray()).map(({ data }) => data),
          [`event ${key}`],
          "events.read",
        );
      }
      for (const lister of listers) {
        equal((await keysOf(lister, store)).sort(), [a, b].sort(), lister.name);
      }
      await store.kv.delete(a);
      equal(await store.kv.get(b), `kv ${b}`, "one after the other was deleted");
    },
  );
}

export const keys: Chapter = {
  section: "10",
  title: "Keys",
  clauses: [
    ...oddKeys.map(oddKey),
    ...pairs.map(distinct),

    clause("K-key-all-at-once", "All odd keys live side by side, and each is listed once", async (t) => {
      const store = await t.store();
      const all = [...new Set([...oddKeys.map(([, key]) => key), ...pairs.flatMap(([, a, b]) => [a, b])])];
      await store.kv.setMany(all.map((key) => [key, key]));
      const listed = await store.kv.list().toArray();
      equal(listed.length, all.length, "how many are listed");
      for (const { key, value } of listed) equal(value, key, "the value of a listed key");
      const many = await store.kv.getMany(all);
      for (const key of all) equal(many.get(key), key, "the value of a key in getMany");
    }),

    clause("K-key-facades-apart", "The same key is something else in each facade", async (t) => {
      const store = await t.store();
      await store.kv.set("k", "kv");
      equal(await store.records.has("k"), false, "records.has");
      equal(await store.blobs.has("k"), false, "blobs.has");
      equal(await store.events.head("k"), 0, "events.head");
      await store.records.put("k", "record");
      await store.blobs.put("k", "blob");
      await store.events.append("k", { type: "t", data: 1 });
      equal(await store.kv.get("k"), "kv", "kv.get");
      await store.records.delete("k");
      equal(await store.kv.get("k"), "kv", "kv.get after records.delete");
      equal(await (await store.blobs.get("k"))?.text(), "blob", "blobs.get after records.delete");
    }),

    clause("K-key-no-pollution", "No key or field changes the prototype of anything", async (t) => {
      const store = await t.store();
      const field = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
      for (const key of ["__proto__", "constructor", "prototype"]) {
        await store.records.put(key, field);
        await store.records.update(key, JSON.parse('{"__proto__":{"polluted":1}}'));
        await store.blobs.put(key, "x", { metadata: JSON.parse('{"__proto__":"polluted","constructor":"polluted"}') });
        await store.events.append(key, { type: key, data: field, metadata: field, tags: [key] });
      }
      const { value } = present(await store.records.get<Record<string, unknown>>("__proto__"), "the record");
      holds(Object.hasOwn(value, "__proto__"), "the field __proto__ is a property of its own");
      holds(!("polluted" in {}), "a fresh object has no property polluted");
      holds(!("polluted" in value), "the record has no property polluted");
      const head = present(await store.blobs.head("__proto__"), "the blob");
      equal(
        Object.entries(head.metadata).sort(),
        [
          ["__proto__", "polluted"],
          ["constructor", "polluted"],
        ],
        "metadata",
      );
    }),

    ...operations
      .filter(({ takesKey }) => takesKey)
      .flatMap(({ name, slug, run }) =>
        badKeys.map(([bad, key, what]) =>
          clause(
            `K-key-refused-${slug}-${bad}`,
            [`Every operation refuses ${what} before any I/O`, name],
            async (t) => {
              await refusedBeforeIo(await t.watched(), (store) => run(store, key as string), "INVALID_KEY", name);
            },
          ),
        ),
      ),

    ...listers.flatMap(({ name, slug, list }) =>
      (["prefix", "start", "startAfter", "end"] as const).map((bound) =>
        clause(
          `K-key-refused-${slug}-${bound === "startAfter" ? "start-after" : bound}`,
          [`Every listing refuses as ${bound} what cannot begin a key, before any I/O`, name],
          async (t) => {
            const watched = await t.watched();
            for (const [, key, what] of badKeys) {
              if (key === "") continue; // begins every key
              await refusedBeforeIo(
                watched,
                (store) => list(store, { [bound]: key }).toArray(),
                "INVALID_KEY",
                `${bound}: ${what}`,
              );
            }
          },
        ),
      ),
    ),

    clause(
      "K-key-error-names-key",
      "INVALID_KEY says what is wrong, and a long key is not repeated in full",
      async (t) => {
        const watched = await t.watched();
        const tooLong = await refusedBeforeIo(watched, (s) => s.kv.get("k".repeat(5000)), "INVALID_KEY", "5000 bytes");
        holds(
          tooLong.message.includes("5000") && tooLong.message.includes("512"),
          "the message has the length and the limit",
        );
        holds(tooLong.message.length < 500, "the message is short");
        const nul = await refusedBeforeIo(watched, (s) => s.kv.get("\0"), "INVALID_KEY", "NUL");
        holds(nul.message.includes("NUL"), "the message names NUL");
      },
    ),
  ],
};
