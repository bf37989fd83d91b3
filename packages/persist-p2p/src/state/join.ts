/** What two states, or parts of states, make. */

/** `"equal"`: they are the same; `"first"`: the second adds nothing to the first; `"second"`: the other way round; `"merged"`: each has something that the other lacks. */
export type Relation = "equal" | "first" | "second" | "merged";

export interface Join<T> {
  readonly relation: Relation;
  readonly is: T;
}
