// Videos that come while one looks: asked for every few seconds, and never put in where they would move what one sees.
import { effect, signal } from "@preact/signals";
import { announce } from "../shell/announce.js";
import { isLibrary } from "../shell/route.js";
import { live } from "../videos/list.js";
import { count } from "../words/sizes.js";
import { canMatch } from "./query.js";
import { catchUp, changing, drop, fetchPage, ids, isExact, key, load, next, putFirst, total } from "./results.js";
import { filters, openId } from "./route.js";
import { isAtTop } from "./sight.js";
import { pickedCount } from "./selection.js";

const ASK_MS = 5000;
const HEAD = 24;
/** Counting all is work for the server: asked for with every so many heads only. */
const COUNT_EVERY = 12;

/** Ids that wait to be shown; `overflow`: more came than were asked for. */
export const waiting = signal({ ids: [], overflow: false });
let timer = null;
let asked = 0;
let isAsking = false;

effect(() => {
  key.value;
  waiting.value = { ids: [], overflow: false };
});
effect(() => {
  clearInterval(timer);
  if (live.value && isLibrary.value) {
    timer = setInterval(ask, ASK_MS);
    queueMicrotask(ask);
  }
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());

async function ask() {
  if (isAsking || document.visibilityState !== "visible" || !live.peek() || !isLibrary.peek() || !ids.peek() || changing.peek() || !canMatch(filters.peek())) return;
  isAsking = true;
  const mine = key.peek();
  const before = ids.peek();
  // What is done here while the answer is on its way is newer than the answer.
  const isOld = () => mine !== key.peek() || changing.peek() || ids.peek() !== before;
  try {
    asked += 1;
    const page = await fetchPage({ limit: HEAD, ...(asked % COUNT_EVERY === 0 ? { total: 1 } : {}) });
    const there = isOld() ? null : await missingFrom(page);
    if (there && !isOld()) await take(page, there);
  } catch {
    // A lost connection is told by its own bar.
  }
  isAsking = false;
}

/** What should be among the first and is not: `gone`, taken away by somebody else, or not matching any more; or `moved`. */
async function missingFrom(page) {
  const there = new Set(page.ids);
  const list = ids.peek();
  const end = page.next_cursor ? list.lastIndexOf(page.ids.at(-1)) : list.length;
  const missing = list.slice(0, Math.max(0, Math.min(end, HEAD))).filter((id) => !there.has(id));
  if (!missing.length) return { gone: [], moved: [] };
  const still = new Set((await fetchPage({ limit: HEAD, ids: missing.join(",") })).ids);
  return { gone: missing.filter((id) => !still.has(id)), moved: missing.filter((id) => still.has(id)) };
}

async function take(page, { gone, moved }) {
  if (gone.length) drop(gone);
  const known = new Set(ids.peek());
  const first = filters.peek().sort === "newest" ? page.ids.findIndex((id) => known.has(id)) : 0;
  const fresh = first < 0 ? page.ids : page.ids.slice(0, first);
  // Where all is loaded, "at least so many" is no news.
  const isCounted = (page.total ?? null) !== null && (page.total_is_exact !== false || next.peek() !== null);
  // Those that wait behind the button are not of the list yet.
  if (isCounted) {
    total.value = page.total - fresh.length;
    isExact.value = page.total_is_exact ?? true;
  }
  const isOther = isCounted && !next.peek() && total.peek() !== ids.peek().length;
  const came = page.ids.some((id, at) => at >= fresh.length && !known.has(id));
  if (moved.length || isOther || (came && isAtTop())) await catchUp(fresh);
  if (!fresh.length) return;
  waiting.value = { ids: fresh, overflow: first < 0 && known.size > 0 && Boolean(page.next_cursor) };
  if (isAtTop() && !openId.peek() && !pickedCount.peek()) showNewer();
}

export function showNewer() {
  const { ids: fresh, overflow } = waiting.peek();
  waiting.value = { ids: [], overflow: false };
  if (overflow) return load();
  putFirst(fresh);
  return announce(`${count(fresh.length, "new video")}.`, { kind: "new" });
}
