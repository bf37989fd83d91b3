/** What the `content` of a row and the tokens of staged bytes name. */

export type Content =
  /** The object itself, under this ETag. */
  | { readonly kind: "stored"; readonly etag: string; readonly place: string }
  /** In the memory of this process. */
  | { readonly kind: "memory"; readonly id: string }
  /** Sent in parts to where they are to be, by this process. */
  | { readonly kind: "sent"; readonly id: string }
  /** One object of its own. */
  | { readonly kind: "object"; readonly id: string }
  /** Objects of its own, one for each step, which were so many bytes when the token was given. */
  | { readonly kind: "pieces"; readonly id: string; readonly size: number };

const kinds = { memory: "m", sent: "u", object: "s" } as const;

export function writeContent(content: Content): string {
  switch (content.kind) {
    case "stored":
      return `o${content.etag} ${content.place}`;
    case "pieces":
      return `p${content.id} ${content.size}`;
    default:
      return kinds[content.kind] + content.id;
  }
}

export function readContent(token: string): Content {
  const [id = "", ...rest] = token.slice(1).split(" ");
  switch (token[0]) {
    case "o":
      return { kind: "stored", etag: id, place: rest.join(" ") };
    case "p":
      return { kind: "pieces", id, size: Number(rest[0]) };
    case "m":
      return { kind: "memory", id };
    case "u":
      return { kind: "sent", id };
    default:
      return { kind: "object", id };
  }
}
