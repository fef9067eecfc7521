// What this view knows, and when it asks: at once, then about every ten seconds while somebody looks.
import { useEffect } from "preact/hooks";
import { targetLabel } from "../server/session.js";
import { lookAtPlaces, places } from "../videos/places.js";
import { live } from "../videos/list.js";
import { source } from "./source.js";

const REST_MS = 10_000;

export const report = source("/api/storage/report");
export const projects = source("/api/projects");
export const scrub = source("/api/scrub");
/** Copies that need somebody, by state; at most 200 of each are told. */
export const troubles = ["failed", "parked", "damaged"].map((state) => source(`/api/deliveries?state=${state}&limit=200`));

/** Media jobs that are not done, and copies on their way. */
export const jobs = source("/api/media/jobs?limit=200");
export const moving = source("/api/deliveries?state=in_progress&limit=200");
/** For admins only. */
export const tokens = source("/api/tokens");
export const hooks = source("/api/webhooks");

const all = [report, projects, scrub, jobs, moving, ...troubles];

/** A target's name for people; what was known at sign-in may be old. */
export const labelOf = (name) => places.value.get(name)?.label || targetLabel(name);

export async function askAll() {
  await Promise.all([lookAtPlaces({ now: true }), ...all.filter((each) => !each.isUntold.peek()).map((each) => each.ask())]);
}

/** Asks `ask` when the view is opened, when the connection or the person comes back, and every `rest`. */
export function useWatch(ask, rest = REST_MS, needs = []) {
  const isLive = live.value;
  useEffect(() => {
    if (!isLive) return undefined;
    const seen = () => document.visibilityState === "visible" && ask();
    seen();
    const timer = setInterval(seen, rest);
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [isLive, ...needs]);
}
