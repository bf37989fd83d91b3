/** What is wrong, by kind. The figures of a run are how often each was found. */
export const complaintKinds = ["lost", "torn", "half", "disorder", "failed"] as const;

/**
 * - `lost`: an acknowledged operation is not in effect;
 * - `torn`: something is there that nobody has written like this;
 * - `half`: of an operation a part is in effect, or something of one that was given up;
 * - `disorder`: positions or versions of events are not dense and in order, or the log has changed;
 * - `failed`: something that should work does not.
 */
export type ComplaintKind = (typeof complaintKinds)[number];

export interface Complaint {
  readonly kind: ComplaintKind;
  readonly text: string;
}
