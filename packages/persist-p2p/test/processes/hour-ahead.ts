/** Loaded before everything else: the machine's clock is an hour ahead. */
const { now } = Date;
Date.now = () => now() + 60 * 60_000;
