// The details of one video: `<Details id=… onClose=… autoplay=… at=… onTrashed=… onRestored=… />`, beside the grid or, under
// 1100 px, in front of everything. Player, words, facts, copies, what was made from it, holds, history, sharing.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Alike } from "../alike/view.js";
import { HeldMark } from "../holds/mark.js";
import { Holds } from "../holds/section.js";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { Late } from "../parts/late.js";
import { singleKeys } from "../parts/single-keys.js";
import { Shape } from "../parts/state-mark.js";
import { Player } from "../player/view.js";
import { sourceOf } from "../player/source.js";
import { announce } from "../shell/announce.js";
import { ShareButton } from "../sharing/button.js";
import { pathOf, titleOf } from "../videos/records.js";
import { SameAs } from "../videos/same-as.js";
import { footageOnly } from "../words/footage.js";
import { sentence } from "../words/states.js";
import { thrownHere } from "./acts.js";
import { Copies } from "./copies.js";
import { fills, useFocusBack, useFocusInside } from "./dialog.js";
import { Facts } from "./facts.js";
import { History } from "./history.js";
import { useVideo } from "./load.js";
import { Made } from "./made.js";
import { Skeleton } from "./skeleton.js";
import { Trash } from "./trash.js";
import { Words } from "./words.js";

export function Details({ id, onClose, autoplay = false, at = 0, onTrashed, onRestored }) {
  const root = useRef();
  const playerKeys = useRef(null);
  const { video, isGone, problem } = useVideo(id);
  useFocusBack(root);
  useFocusInside(root, fills.value);
  useThrownAway(root, video);
  useOpeningFocus(root, id, Boolean(video), autoplay && Boolean(video && sourceOf(video)));
  // Within the player its own keys always work; around it those that are single letters only where they are wanted.
  const keys = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      // Out of full screen it leads by itself.
      if (!document.fullscreenElement) onClose();
    } else if (event.key.length > 1 || event.key === " " || singleKeys.value) playerKeys.current?.(event);
  };
  const dialog = fills.value ? { role: "dialog", "aria-modal": "true" } : { role: "region" };
  return html`
    <div class=${fills.value ? "details details-fills" : "details"} ref=${root} ...${dialog} aria-labelledby="details-heading" data-video=${id} onKeyDown=${keys}>
      <header class="details-head">
        <h2 id="details-heading" class="video-title" tabindex="-1"><bdi>${heading(video, isGone)}</bdi></h2>
        ${video && !isGone && html`<${HeldMark} video=${video} />`}
        ${video && !isGone && html`<${ShareButton} video=${video} />`}
        ${video && !isGone && video.status !== "trashed" && !footageOnly(video).length && html`
          <a class="button-icon" href=${`${pathOf(id)}/download`} download aria-label=${`Download ${titleOf(video)}`} title="Download the original">
            <${Icon} name="download" /></a>
        `}
        <button type="button" class="button-icon" onClick=${onClose} aria-label="Close the details" title="Close (Esc)"><${Icon} name="close" /></button>
      </header>
      ${isGone && html`<div class="details-note"><p>It was removed, or you may not see it.</p><button type="button" class="button" onClick=${onClose}>Close</button></div>`}
      ${!isGone && problem && html`<p class="details-note tone-failed" role="alert">It could not be loaded. ${problem}</p>`}
      ${!isGone && !video && !problem && html`<${Late}><${Skeleton} /><//>`}
      ${!isGone && video && html`<${Body} key=${id} video=${video} autoplay=${autoplay} at=${at} keysRef=${playerKeys} onTrashed=${onTrashed} onRestored=${onRestored} />`}
    </div>
  `;
}

function heading(video, isGone) {
  if (isGone) return "No such video";
  return video ? titleOf(video) : "Opening…";
}

const Body = ({ video, autoplay, at, keysRef, ...changes }) => html`
  <div class="details-body">
    ${video.status === "trashed" && html`<${Trash} video=${video} ...${changes} />`}
    ${video.status !== "trashed" && html`<${Player} video=${video} autoplay=${autoplay} at=${at} keysRef=${keysRef} />`}
    ${video.status === "ready" && video.media?.reason && html`
      <p class="details-note tone-needs" data-note="content"><${Shape} shape="needs" />${" "}${sentence(video.media.reason)}</p>
    `}
    <div class="details-columns">
      <div class="details-column">
        <${Words} video=${video} />
        ${video.duplicate_of && html`<${SameAs} id=${video.duplicate_of} />`}
        ${video.status !== "trashed" && html`<${Alike} id=${video.id} />`}
        <${Copies} video=${video} />
        <${Made} video=${video} />
      </div>
      <div class="details-column">
        <${Facts} video=${video} />
        <${Holds} video=${video} />
        <${History} video=${video} />
        ${video.status !== "trashed" && html`<${Trash} video=${video} ...${changes} />`}
      </div>
    </div>
  </div>
`;

/** A colleague may move it to the trash while it is open: fields and player go, and with them the focus. */
function useThrownAway(root, video) {
  const before = useRef(video);
  useLayoutEffect(() => {
    const wasThere = before.current?.id === video?.id && before.current?.status !== "trashed";
    before.current = video;
    if (!video || !wasThere || video.status !== "trashed") return;
    if (!thrownHere.has(video.id)) announce(`${titleOf(video)}: moved to the trash.`);
    if (document.activeElement === document.body) root.current.querySelector("h2").focus({ preventScroll: true });
  }, [video]);
}

/**
 * To the heading, or to the play button when it starts by itself. To the next video only from within.
 * Before anything is painted: later it would take the focus from somebody who is already writing.
 */
function useOpeningFocus(root, id, isThere, plays) {
  const opened = useRef(null);
  useLayoutEffect(() => {
    const isFirst = opened.current === null;
    opened.current = id;
    if (isFirst || fills.peek() || root.current.contains(document.activeElement)) root.current.querySelector("h2").focus({ preventScroll: true });
    if (!isFirst) root.current.scrollTop = 0;
  }, [id]);
  useLayoutEffect(() => {
    if (isThere && plays) root.current.querySelector("[data-play]")?.focus({ preventScroll: true });
  }, [id, isThere, plays]);
}
