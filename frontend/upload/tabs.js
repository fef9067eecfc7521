// What the tabs of one browser tell each other about the queue.
const channel = "BroadcastChannel" in window ? new BroadcastChannel("holdfast-queue") : null;

/** Tell every other tab: {kind, id, …}. */
export const tell = (message) => channel?.postMessage(message);

/** Have `handle(message)` called for what other tabs tell under `kind`. */
export function onTold(kind, handle) {
  channel?.addEventListener("message", ({ data }) => data.kind === kind && handle(data));
}
