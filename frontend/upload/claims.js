// Stands in for the browser's locks on plain HTTP: a book of claims that all tabs share, in which one can be first.
import { newKey } from "./key.js";
import { onTold, tell } from "./tabs.js";

/** A busy tab answers late, and one that was closed never. */
const ANSWER_MS = 3000;
const ASK_AGAIN_MS = 5000;

/** The claims of this tab, by file; each has a key of its own. */
const mine = new Map();
const asked = new Map();
const waiting = new Map();

onTold("alive?", ({ id, key }) => mine.get(id) === key && tell({ kind: "alive", key }));
onTold("alive", ({ key }) => asked.get(key)?.(true));
onTold("unclaimed", ({ id }) => waiting.get(id)?.());
addEventListener("pagehide", () => [...mine].forEach(([id, key]) => letGo(id, key)));
// What was let go when the page was left may be another tab's by now.
addEventListener("pageshow", (event) => event.persisted && location.reload());

export async function take(id) {
  if (mine.has(id)) return null;
  const key = newKey();
  mine.set(id, key);
  if (await isFirst(id, key)) return () => letGo(id, key);
  mine.delete(id);
  return null;
}

async function isFirst(id, key) {
  const first = await enter(id, key);
  if (first === key) return true;
  // Of all that find it dead, one is first again.
  return !(await isAlive(id, first)) && (await enter(id, key, first)) === key;
}

function isAlive(id, key) {
  return new Promise((resolve) => {
    asked.set(key, resolve);
    setTimeout(() => resolve(false), ANSWER_MS);
    tell({ kind: "alive?", id, key });
  });
}

function letGo(id, key) {
  if (mine.get(id) !== key) return;
  mine.delete(id);
  change(id, (found) => (found === key ? undefined : found)).then(() => tell({ kind: "unclaimed", id }));
}

async function waitFor(id) {
  for (;;) {
    const release = await take(id);
    if (release) return release;
    await new Promise((resolve) => {
      waiting.set(id, resolve);
      // A tab that crashed tells nobody.
      setTimeout(resolve, ASK_AGAIN_MS);
    });
    waiting.delete(id);
  }
}
export { waitFor as await };

/** Write `key` into the book unless somebody else than `gone` stands there. Resolves to who stands there now. */
const enter = (id, key, gone) => change(id, (found) => (found === undefined || found === gone ? key : found), key);

let opening = null;

function opened() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("holdfast-claims", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("claims");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

/** No two tabs change the book at the same time. Without a book the tabs share no queue either: then `otherwise`. */
async function change(id, next, otherwise) {
  try {
    const database = await opened();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("claims", "readwrite");
      const claims = transaction.objectStore("claims");
      let now;
      claims.get(id).onsuccess = ({ target: { result: found } }) => {
        now = next(found);
        if (now === undefined) claims.delete(id);
        else if (now !== found) claims.put(now, id);
      };
      transaction.oncomplete = () => resolve(now);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  } catch {
    return otherwise;
  }
}
