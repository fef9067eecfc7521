// Whether keys that are single letters or signs do something: whoever dictates turns them off (WCAG 2.1.4).
import { signal } from "@preact/signals";

const KEY = "holdfast.single-keys";
export const singleKeys = signal(read());

function read() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function setSingleKeys(on) {
  singleKeys.value = on;
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}
