/** A consumer that stops by itself must not do so in silence: whoever would ask it why may be busy for days. */
export function warn(consumer: string, position: number, error: unknown): void {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `The consumer "${consumer}" has stopped after position ${position}: ${reason}`;
  const { process } = globalThis as { process?: { emitWarning?(message: string, name: string): void } };
  if (process?.emitWarning !== undefined) process.emitWarning(message, "PersistWarning");
  else console.warn(message);
}
