/** A collection with two indexes, and what it is asked. */
import { deepStrictEqual } from "node:assert";
import type { Records, Store } from "@cuitty/persist";
import { inTurn } from "../call-styles.ts";
import { keyFor, scatter, valueFor } from "../dataset.ts";
import type { GrownOperation } from "./grown-operations.ts";

export interface Person {
  readonly team: string;
  readonly born: number;
}

/** Records of one team, in a store of any size. */
export const teamSize = 20;
/** Records in a page. */
const pageSize = 100;

/** Answers when the indexes are ready. */
export async function declarePeople(store: Store): Promise<Records<Person>> {
  const people = peopleOf(store);
  const isReady = async () => {
    const { plan } = await people.explain({ where: { team: "" } });
    return plan === "index";
  };
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 20));
  return people;
}

const peopleOf = (store: Store): Records<Person> =>
  store.records.collection<Person>("people", { indexes: { team: { on: "team" }, born: { on: "born" } } });

export function personAt(n: number, size: number): readonly [key: string, person: Person] {
  return [keyFor("", n), { ...valueFor(n, 0), team: `team-${n % (size / teamSize)}`, born: scatter(n) }];
}

/** By size: in order. */
const birthdays = new Map<number, Uint32Array>();

function birthdaysOf(size: number): Uint32Array {
  const known = birthdays.get(size) ?? Uint32Array.from({ length: size }, (_, n) => scatter(n)).sort();
  birthdays.set(size, known);
  return known;
}

export const questions: readonly GrownOperation[] = [
  {
    name: `records.list, the ${teamSize} of an indexed value`,
    prepare({ store, size, below }, calls) {
      const people = peopleOf(store);
      const teams = Array.from({ length: calls }, () => below(size / teamSize));
      let answers: readonly { readonly key: string; readonly value: Person }[][] = [];
      return {
        count: calls,
        async perform() {
          answers = await inTurn(teams, (team) => people.list({ where: { team: `team-${team}` } }).toArray());
        },
        async verify() {
          for (const [i, found] of answers.entries()) {
            const members = Array.from({ length: teamSize }, (_, m) =>
              personAt((teams[i] as number) + (m * size) / teamSize, size),
            );
            const expected = new Map(members);
            deepStrictEqual(new Map(found.map(({ key, value }) => [key, value])), expected);
            deepStrictEqual(
              found.map(({ key }) => key),
              [...expected.keys()].sort(),
            );
          }
        },
      };
    },
  },
  {
    name: `records.list, a page of ${pageSize} in the order of an index`,
    prepare({ store, size, below }, calls) {
      const people = peopleOf(store);
      const born = birthdaysOf(size);
      const starts = Array.from({ length: calls }, () => below(size - pageSize));
      let answers: readonly (readonly { readonly value: Person }[])[] = [];
      return {
        count: calls,
        async perform() {
          answers = await inTurn(starts, async (start) => {
            const where = { born: { gte: born[start] as number } };
            const { items } = await people.list({ where, orderBy: [["born", "asc"]], limit: pageSize }).page();
            return items;
          });
        },
        async verify() {
          for (const [i, found] of answers.entries()) {
            const start = starts[i] as number;
            deepStrictEqual(
              Uint32Array.from(found, ({ value }) => value.born),
              born.subarray(start, start + pageSize),
            );
          }
        },
      };
    },
  },
];
