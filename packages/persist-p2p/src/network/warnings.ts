let isWarned = false;

/** Once in a process. */
export function warnOfOpenTopic(): void {
  if (isWarned) return;
  isWarned = true;
  process.emitWarning(
    "A store on p2p has neither secret nor members: it shares its data with everybody in the local network who knows the topic. Pass a secret, the same on every peer.",
    { code: "P2P_OPEN_TOPIC" },
  );
}
