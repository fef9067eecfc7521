// Light or dark: the system's choice until the switch says otherwise; choosing the system's own ends the override.
import { computed, signal } from "@preact/signals";

const KEY = "holdfast.theme";
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const system = signal(systemDark.matches ? "dark" : "light");
const chosen = signal(document.documentElement.dataset.theme ?? null);

export const theme = computed(() => chosen.value ?? system.value);

systemDark.addEventListener("change", () => (system.value = systemDark.matches ? "dark" : "light"));

export function switchTheme() {
  const next = theme.peek() === "dark" ? "light" : "dark";
  chosen.value = next === system.peek() ? null : next;
  if (chosen.peek()) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  try {
    if (chosen.peek()) localStorage.setItem(KEY, next);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}
