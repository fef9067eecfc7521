// What is sent along with each file, as set above the queue: project, label, tags, and whether titles come first.
import { computed, effect, signal } from "@preact/signals";
import { session } from "../server/session.js";
import { stats } from "../videos/list.js";

const KEY = "holdfast.upload";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

const before = remembered();
export const project = signal(before.project ?? "default");
export const label = signal(before.label ?? "");
/** Files wait for their title and tags until they are sent by hand. */
export const titlesFirst = signal(before.titlesFirst ?? false);

/** The only projects this person may send to, or null for any. */
export const allowedProjects = computed(() => {
  const projects = session.value?.user?.projects;
  return Array.isArray(projects) && projects.length ? projects : null;
});

export const knownProjects = computed(() => [...new Set(["default", ...Object.keys(stats.value?.by_project ?? {})])]);
export const knownLabels = computed(() => Object.keys(stats.value?.by_content_type ?? {}).filter(Boolean));

export const words = () => ({
  project: project.peek().trim() || "default",
  label: label.peek().trim(),
  tags: "",
  hold: titlesFirst.peek(),
});

effect(() => {
  if (allowedProjects.value && !allowedProjects.value.includes(project.value)) project.value = allowedProjects.value[0];
});
effect(() => {
  const now = JSON.stringify({ project: project.value, label: label.value, titlesFirst: titlesFirst.value });
  try {
    localStorage.setItem(KEY, now);
  } catch {
    // Storage is blocked: the words last as long as the page.
  }
});
