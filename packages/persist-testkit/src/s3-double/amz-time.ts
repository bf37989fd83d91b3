/** Times as signatures have them: `20260131T235959Z`. */

/** The clocks of a signer and of the server may be this far apart. */
export const mostSkew: number = 15 * 60_000;

/** Milliseconds since 1970, or `undefined` where it is no time. */
export function readTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

export const isInTime = (time: number, now: number): boolean => Math.abs(now - time) <= mostSkew;
