/** A connection to one peer that has proved its membership, as the sync engine sees it: frames in order, each whole, until it ends. */

export interface Link {
  /** The peer's identity in the network, as people see it. */
  readonly peer: string;
  /** Where it was reached. */
  readonly address: string;
  /** The connection is of limited length, over somebody else's relay: no large contents. */
  readonly limited: boolean;
  /** Sends a frame of at most {@link maxFrameBytes}. `false`: it is queued, but nothing more should be sent before {@link onDrain}. After the end it does nothing. */
  send(frame: Uint8Array): boolean;
  /** Called when there is room again. One listener. */
  onDrain(listener: () => void): void;
  /** Called with each frame, one after another. One listener; frames that come before there is one wait. */
  onFrame(listener: (frame: Uint8Array) => void): void;
  /** Called once, when nothing comes any more; at once where that is so already. One listener. */
  onEnd(listener: (why: Error | undefined) => void): void;
  /** Ends it. `ban`: the peer broke the rules, and is not to be dialled or accepted for a while. */
  end(why: string, o?: { readonly ban?: boolean }): void;
}

/** Of one frame, in bytes. */
export const maxFrameBytes: number = 1024 * 1024;
