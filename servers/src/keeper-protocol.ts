/** What a process asks of its keeper, and what it hears from it. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export type Request =
  /** Makes the folder; the first request of all. */
  | { readonly what: "begin"; readonly prefix: string }
  /** Gives the folder away. */
  | { readonly what: "own"; readonly owner: { readonly uid: number; readonly gid: number } }
  /** Runs it to its end. */
  | { readonly what: "run"; readonly command: Command }
  /** Starts it, its output added to the log. It is ended by `ending` where the keeper has to end it. */
  | { readonly what: "start"; readonly command: Command; readonly ending: NodeJS.Signals }
  /** Signals it and waits for its end. */
  | { readonly what: "stop"; readonly signal: NodeJS.Signals }
  /** Kills it with all that it started. */
  | { readonly what: "kill" }
  /** Ends everything and the keeper too. */
  | { readonly what: "end" };

export interface Answers {
  begin: { readonly folder: string };
  own: null;
  run: { readonly status: number | null; readonly output: string };
  start: { readonly pid: number };
  stop: null;
  kill: null;
  end: null;
}

export type Asked = Request & { readonly id: number };

export type Told =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly id: number; readonly failure: string }
  /** How the server has ended. */
  | { readonly ended: string };
