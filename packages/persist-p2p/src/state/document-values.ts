/**
 * Values in Automerge documents.
 *
 * Here a value is what JSON.parse makes of the codec's text. Null, booleans, safe integers, finite numbers with a fraction and well-formed strings are scalars of a
 * document; maps and lists are its maps and lists. Everything else would not come back as it was, and is one scalar with the text itself, as bytes: nothing else is bytes.
 */
import { Buffer } from "node:buffer";
import { compareKeys, decode, maxDepth } from "@cuitty/persist-core";
import type { Datatype, Handle, ObjectId, Scalar, TypedValue } from "../drivers/automerge.ts";
import { refusal } from "./document-chunk.ts";

export type Json = null | boolean | number | string | JsonList | JsonMap;
export type JsonList = Json[];
export interface JsonMap {
  [key: string]: Json;
}

/** Where the value itself is, in the root of each document. */
export const valueName = "v";

export type Shape = "scalar" | "list" | "map";

export function shapeOf(value: Json): Shape {
  if (typeof value !== "object" || value === null) return "scalar";
  if (Array.isArray(value)) return "list";
  return isAtomic(value) ? "scalar" : "map";
}

/** By the keys as users know them: the codec's text has one `$` more where the only key starts with it. */
export function fieldsOf(map: JsonMap): ReadonlyMap<string, Json> {
  const entries = Object.entries(map);
  const [first] = entries;
  if (entries.length === 1 && first?.[0].startsWith("$") === true) return new Map([[first[0].slice(1), first[1]]]);
  return new Map(entries);
}

/** Whether two scalars are the same one. */
export function isSameScalar(a: Json, b: Json): boolean {
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) return textOf(a) === textOf(b);
  return Object.is(a, b);
}

/** How many operations would write the value. */
export function countValues(value: Json): number {
  const shape = shapeOf(value);
  if (shape === "scalar") return 1;
  let count = 1;
  for (const item of Object.values(value as JsonMap | JsonList)) count += countValues(item as Json);
  return count;
}

/** Puts the value in a map or in the place of a list's item, or inserts it as an item. Keys are put in byte order, so that every peer makes the same operations. */
export function write(
  document: Handle,
  container: ObjectId,
  place: string | number,
  value: Json,
  how: "put" | "insert" = "put",
): void {
  const inserted = how === "insert" ? (place as number) : undefined;
  const shape = shapeOf(value);
  if (shape === "scalar") {
    const [datatype, scalar] = scalarOf(value);
    if (inserted === undefined) document.put(container, place, scalar, datatype);
    else document.insert(container, inserted, scalar, datatype);
    return;
  }
  const empty = shape === "list" ? [] : {};
  const object =
    inserted === undefined
      ? document.putObject(container, place, empty)
      : document.insertObject(container, inserted, empty);
  if (shape === "list")
    for (const [i, item] of (value as JsonList).entries()) write(document, object, i, item, "insert");
  else for (const [key, item] of inOrder(fieldsOf(value as JsonMap))) write(document, object, key, item);
}

/** What was read, with the keys in byte order. Throws a ReplicaRefusal for what {@link write} does not write. */
export function read(document: Handle, [type, content]: TypedValue, depth = 0): Json {
  if (depth > maxDepth) throw refusal("is nested too deep");
  switch (type) {
    case "map":
      return toMap(
        document.keys(content).map((key) => [key, read(document, valueAt(document, content, key), depth + 1)]),
      );
    case "list":
      return Array.from({ length: document.length(content) }, (_, i) =>
        read(document, valueAt(document, content, i), depth + 1),
      );
    case "null":
    case "boolean":
    case "str":
      return content;
    case "int":
    case "f64":
      return readNumber(Number(content)); // a bigint, where it is the greatest safe integer
    case "bytes":
      return readText(content);
    default:
      throw refusal(`has a value of the type ${type}`);
  }
}

export function valueAt(document: Handle, container: ObjectId, place: string | number): TypedValue {
  const value = document.getWithType(container, place);
  if (value === null) throw refusal("lacks a value");
  return value;
}

/** The codec's text, with the keys in byte order as far as an object can have them: those that are indexes come first, by number, whenever the text is decoded and encoded. */
export function toText(value: Json): string {
  return JSON.stringify(value);
}

/** The key as the codec writes it, in a map of so many keys. */
export function keyInText(key: string, keys: number): string {
  return keys === 1 && key.startsWith("$") ? `$${key}` : key;
}

function toMap(entries: readonly (readonly [string, Json])[]): JsonMap {
  const map = Object.create(null) as JsonMap;
  for (const [key, value] of inOrder(entries)) map[keyInText(key, entries.length)] = value;
  return map;
}

function inOrder(fields: Iterable<readonly [string, Json]>): (readonly [string, Json])[] {
  return [...fields].sort(([a], [b]) => compareKeys(a, b));
}

function isAtomic(map: JsonMap): boolean {
  const keys = Object.keys(map);
  const [first] = keys;
  if (keys.length === 1 && first?.startsWith("$") === true && !first.startsWith("$$")) return true;
  return keys.some((key) => key === "__proto__" || !key.isWellFormed());
}

function scalarOf(value: Json): readonly [Datatype, Scalar] {
  switch (typeof value) {
    case "boolean":
      return ["boolean", value];
    case "string":
      if (value.isWellFormed()) return ["str", value];
      break;
    case "number":
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return ["int", value];
      if (Number.isFinite(value) && !Number.isInteger(value)) return ["f64", value];
      break;
    default:
      if (value === null) return ["null", null];
  }
  return ["bytes", Buffer.from(textOf(value))];
}

function textOf(value: Json): string {
  return Object.is(value, -0) ? '{"$n":"-0"}' : JSON.stringify(value);
}

function readNumber(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)) || Object.is(value, -0))
    throw refusal("has a number that none of ours has");
  return value;
}

function readText(bytes: Uint8Array): Json {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    decode(text);
  } catch (cause) {
    throw refusal("has a text that is not a value's", cause);
  }
  return JSON.parse(text) as Json;
}
