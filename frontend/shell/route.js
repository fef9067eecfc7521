// Where one is: path and parameters, moved by links, back and forward. Each address remembers how far it was scrolled.
import { computed, signal } from "@preact/signals";

export const LIBRARY = "/library";
export const CAMERAS = "/cameras";
export const OPERATIONS = "/operations";
const read = () => ({ path: location.pathname, search: location.search });

export const place = signal(read());
export const path = computed(() => place.value.path);
export const isLibrary = computed(() => path.value === LIBRARY);
export const isCameras = computed(() => path.value === CAMERAS);
export const isOperations = computed(() => path.value === OPERATIONS);
/** Whether the queue and the newest videos are shown: on every address that is no other view's. */
export const isUpload = computed(() => !isLibrary.value && !isCameras.value && !isOperations.value);
/** The address of the Library as it was left, so that the rail leads back to the same filters. */
export const libraryAddress = signal(isLibrary.peek() ? LIBRARY + location.search : LIBRARY);
/** The same of the cameras: what was shown, ticked and marked. */
export const camerasAddress = signal(isCameras.peek() ? CAMERAS + location.search : CAMERAS);

// What is shown is kept by the page, so the browser's own guess where to scroll comes too early.
history.scrollRestoration = "manual";
const scrolled = new Map();

/** An open video, another way to draw the list, or another time on the lanes is no other place: what one looks at stays. */
function listAddress({ path: at, search }) {
  if (at === CAMERAS) return at;
  const parameters = new URLSearchParams(search);
  parameters.delete("video");
  parameters.delete("t");
  parameters.delete("view");
  return `${at}?${parameters}`;
}

/** Go to an address of this page. `replace`: without an entry of its own; `back`: as if by the back button. */
export function go(address, { replace = false, back = false, state = null } = {}) {
  history[replace ? "replaceState" : "pushState"](state, "", address);
  arrive({ back });
}

addEventListener("popstate", () => arrive({ back: true }));

function arrive({ back }) {
  const from = listAddress(place.peek());
  const to = listAddress(read());
  scrolled.set(from, window.scrollY);
  place.value = read();
  if (isLibrary.peek()) libraryAddress.value = LIBRARY + location.search;
  if (isCameras.peek()) camerasAddress.value = CAMERAS + location.search;
  if (from === to) return;
  // After the next drawing: until then there may be nothing to scroll over.
  requestAnimationFrame(() => window.scrollTo(0, (back && scrolled.get(to)) || 0));
}

/** For links within the page: the browser's own ways (new tab, new window) stay. Returns whether it was taken. */
export function follow(event, address, options) {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  event.preventDefault();
  go(address, options);
  return true;
}
