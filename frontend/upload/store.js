// Keeps the queue in this browser (IndexedDB), so that it outlives the page. Without it the queue lasts as long as the tab.
import { signal } from "@preact/signals";

const QUEUE = "queue";
const COPIES = "copies";

/** False once this browser was found to keep nothing. */
export const keeps = signal(true);
let opening = null;

function opened() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("holdfast-queue", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(QUEUE, { keyPath: "id" });
      request.result.createObjectStore(COPIES);
    };
    request.onsuccess = () => {
      // Another tab may want to delete or upgrade it.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opening;
}

async function run(mode, work) {
  const database = await opened();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([QUEUE, COPIES], mode);
    const request = work(transaction.objectStore(QUEUE), transaction.objectStore(COPIES));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

async function tried(mode, work, otherwise) {
  try {
    return await run(mode, work);
  } catch {
    keeps.value = false;
    return otherwise;
  }
}

export const records = () => tried("readonly", (queue) => queue.getAll(), []);
export const recordOf = (id) => tried("readonly", (queue) => queue.get(id), null);
export const put = (record) => tried("readwrite", (queue) => queue.put(record));
export const drop = (id) =>
  tried("readwrite", (queue, copies) => {
    queue.delete(id);
    copies.delete(id);
  });

/** A copy of a small file's bytes. No room for it is no harm: the file is then asked for again. */
export async function keepCopy(id, file) {
  try {
    await run("readwrite", (_, copies) => copies.put(file, id));
    return true;
  } catch {
    return false;
  }
}
export const copyOf = (id) => tried("readonly", (_, copies) => copies.get(id), null);
export const dropCopy = (id) => tried("readwrite", (_, copies) => copies.delete(id));
