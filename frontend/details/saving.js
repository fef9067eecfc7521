// All that is being written about videos. Closing the panel, a lost connection, the end of a session: none loses a word.
import { effect } from "@preact/signals";
import { OWN_PAGE } from "../server/api.js";
import { online } from "../server/reach.js";
import { session } from "../server/session.js";
import { pathOf } from "../videos/records.js";
import { TextEdit } from "./edit.js";
import { TagEdit } from "./tag-edit.js";

const edits = new Map();
const all = () => [...edits.values()];

export function editOf(id, field) {
  const key = `${id} ${field}`;
  if (!edits.has(key)) edits.set(key, field === "tags" ? new TagEdit(id, field) : new TextEdit(id, field));
  return edits.get(key);
}

/** What one person wrote is not sent in the name of the next; the same one finds it again after signing in. */
let writer;
effect(() => {
  const name = session.value?.user?.name;
  if (!name) return;
  if (writer !== undefined && writer !== name) {
    all().forEach((edit) => edit.restore());
    edits.clear();
  }
  writer = name;
});

effect(() => {
  if (!online.value || !session.value) return;
  queueMicrotask(() => all().forEach((edit) => ["waits", "signed-out"].includes(edit.state.peek()) && edit.save()));
});

addEventListener("beforeunload", (event) => {
  if (all().some((edit) => edit.isUnsent())) event.preventDefault();
});

/** The page goes, whatever was answered: what can still be sent is handed to the browser. */
addEventListener("pagehide", () => {
  if (!session.peek()) return;
  const bodies = new Map();
  for (const edit of all()) bodies.set(edit.id, { ...bodies.get(edit.id), ...edit.last() });
  for (const [id, body] of bodies) {
    if (!Object.keys(body).length) continue;
    const headers = { ...OWN_PAGE, "Content-Type": "application/json" };
    fetch(pathOf(id), { method: "PATCH", headers, body: JSON.stringify(body), keepalive: true }).catch(() => {});
  }
});
