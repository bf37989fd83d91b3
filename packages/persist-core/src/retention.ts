/** How long the feed of changes reports a deletion, on every backend: seven days, in milliseconds. */
export const deletionsKeptFor: number = 7 * 24 * 60 * 60 * 1000;
