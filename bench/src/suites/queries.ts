/** Queries by an index on SQLite, against the SQL written by hand: the same documents in a table of their own, with indexes over their JSON. */
import { deepStrictEqual } from "node:assert";
import { join } from "node:path";
import { createStore, type Records } from "@cuitty/persist";
import Database from "better-sqlite3";
import { figureOf, median, ratios } from "../figure.ts";
import { interleave, type Racer } from "../interleave.ts";
import type { Suite } from "../suite.ts";

interface Person {
  readonly name: string;
  readonly team: string;
  readonly born: number;
  readonly address: { readonly city: string; readonly street: string };
  readonly tags: readonly string[];
}

interface Found {
  readonly key: string;
  readonly value: Person;
}

const people = 100_000;
const teams = 100;
const limit = 100;

/** Neither teams nor years follow the order of keys. */
function personAt(i: number): Person {
  return {
    name: `Person number ${i}`,
    team: `team-${i % teams}`,
    born: (i * 7919) % people,
    address: { city: `City ${i % 977}`, street: `${i % 311} Long Street of Many Houses` },
    tags: ["a", "b", `tag-${i % 31}`],
  };
}

const keyAt = (i: number) => `p${String((i * 31_337) % people).padStart(6, "0")}`;

interface Contender {
  readonly name: string;
  ofTeam(team: string): readonly Found[] | Promise<readonly Found[]>;
  bornFrom(year: number): readonly Found[] | Promise<readonly Found[]>;
  close(): unknown;
}

async function openPersist(folder: string): Promise<Contender> {
  const store = await createStore({ name: "bench", path: join(folder, "persist.db"), durability: "relaxed" });
  const records: Records<Person> = store.records.collection<Person>("people", {
    indexes: { byTeam: { on: "team" }, byBorn: { on: "born" } },
  });
  for (let i = 0; i < people; i += 1000) {
    await records.putMany(Array.from({ length: 1000 }, (_, n) => [keyAt(i + n), personAt(i + n)] as const));
  }
  const ready = async () => {
    const plans = await Promise.all([
      records.explain({ where: { team: "team-1" }, limit: 1 }),
      records.explain({ orderBy: [["born", "asc"]], limit: 1, maxScan: people }),
    ]);
    return plans.every(({ plan }) => plan === "index");
  };
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    name: "persist",
    ofTeam: (team) => records.list({ where: { team } }).toArray(),
    bornFrom: (year) => records.list({ where: { born: { gte: year } }, orderBy: [["born", "asc"]], limit }).toArray(),
    close: () => store.close(),
  };
}

async function openByHand(folder: string): Promise<Contender> {
  const db = new Database(join(folder, "by-hand.db"));
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = normal");
  db.exec(`
    create table people (key text primary key, value text not null) without rowid;
    create index by_team on people (json_extract(value, '$.team'));
    create index by_born on people (json_extract(value, '$.born'));`);
  const insert = db.prepare("insert into people (key, value) values (?, ?)");
  db.transaction(() => {
    for (let i = 0; i < people; i++) insert.run(keyAt(i), JSON.stringify(personAt(i)));
  })();
  const ofTeam = db.prepare("select key, value from people where json_extract(value, '$.team') = ? order by key");
  const bornFrom = db.prepare(
    `select key, value from people where json_extract(value, '$.born') >= ?
     order by json_extract(value, '$.born'), key limit ${limit}`,
  );
  const parsed = (rows: unknown[]): Found[] =>
    (rows as { key: string; value: string }[]).map(({ key, value }) => ({ key, value: JSON.parse(value) as Person }));
  return {
    name: "better-sqlite3",
    ofTeam: (team) => parsed(ofTeam.all(team)),
    bornFrom: (year) => parsed(bornFrom.all(year)),
    close: () => db.close(),
  };
}

interface Question {
  readonly what: string;
  readonly rows: number;
  ask(contender: Contender, n: number): readonly Found[] | Promise<readonly Found[]>;
  check(found: readonly Found[], n: number): void;
}

const questions: readonly Question[] = [
  {
    what: `${people / teams} of ${people} by equality`,
    rows: people / teams,
    ask: ({ ofTeam }, n) => ofTeam(`team-${n % teams}`),
    check(found, n) {
      deepStrictEqual(new Set(found.map(({ value }) => value.team)), new Set([`team-${n % teams}`]));
      deepStrictEqual(
        found.map(({ key }) => key),
        found.map(({ key }) => key).sort(),
      );
    },
  },
  {
    what: `${limit} of ${people} by a range, in its order`,
    rows: limit,
    ask: ({ bornFrom }, n) => bornFrom(startOf(n)),
    check(found, n) {
      deepStrictEqual(
        found.map(({ value }) => value.born),
        Array.from({ length: limit }, (_, i) => startOf(n) + i),
      );
    },
  },
];

const startOf = (n: number) => (n * 613) % (people - limit);

export const queries: Suite = {
  title: "Queries by an index over SQLite",
  notes: [
    "persist: a collection with an index over each of the two fields; entries with version and times",
    "better-sqlite3: prepared statements over a table of keys and JSON, with an index over json_extract for each field; rows parsed",
  ],

  async run({ quick, folder, progress }) {
    const pace = quick ? { rounds: 15, sample: 15, warmUp: 200 } : { rounds: 61, sample: 25, warmUp: 500 };
    progress("filling");
    const contenders = [await openPersist(folder), await openByHand(folder)];
    const figures = [];
    for (const question of questions) {
      progress(question.what);
      const rates = await interleave(
        contenders.map((contender) => toRacer(contender, question)),
        pace,
      );
      const [ours = [], theirs = []] = contenders.map(({ name }) => rates.get(name));
      figures.push(
        figureOf(ratios(ours, theirs), {
          what: question.what,
          against: "better-sqlite3",
          unit: "×",
          bar: { atLeast: 0.667 },
          orientation: { "persist k rows/s": thousands(ours), "other k rows/s": thousands(theirs) },
        }),
      );
    }
    for (const contender of contenders) await contender.close();
    return figures;
  },
};

function toRacer(contender: Contender, question: Question): Racer {
  let asked = 0;
  return {
    name: contender.name,
    settle: async () => undefined,
    prepare(units) {
      const first = asked;
      asked += units;
      let last: readonly Found[] = [];
      return {
        count: units * question.rows,
        async perform() {
          for (let n = first; n < first + units; n++) {
            const found = question.ask(contender, n);
            last = found instanceof Promise ? await found : found;
          }
        },
        async verify() {
          deepStrictEqual(last.length, question.rows);
          question.check(last, first + units - 1);
        },
      };
    },
  };
}

const thousands = (rates: readonly number[]) => (median(rates) / 1000).toPrecision(3);
