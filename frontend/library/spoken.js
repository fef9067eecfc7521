// A video in one breath, for those who hear the grid: the name first, then what tells it from others.
import { isHeld } from "../holds/words.js";
import { targetLabel } from "../server/session.js";
import { leaves } from "../trash/words.js";
import { titleOf } from "../videos/records.js";
import { spokenTime } from "../words/lengths.js";
import { listOf, shown } from "../words/names.js";
import { groupsOf } from "./copies.js";
import { statusMark } from "./states.js";

export function spokenOf(video) {
  const length = Number.isFinite(video.duration_seconds) ? spokenTime(video.duration_seconds) : "";
  const held = isHeld(video) && "Held";
  if (video.status === "trashed") return [titleOf(video), length, shown(video.project_id), leaves(video, Date.now()).words].filter(Boolean).join(", ");
  const copies = groupsOf(video).map(({ word, targets }) => `${word} on ${listOf(targets.map(targetLabel), "and")}`);
  return [titleOf(video), length, shown(video.project_id), statusMark(video)?.word, held, ...copies].filter(Boolean).join(", ");
}
