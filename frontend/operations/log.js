// The end of the server's log, the newest line first, with a filter by id or any other text. Admins only.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { Icon } from "../parts/icons.js";
import { online } from "../server/reach.js";
import { isAdmin, session } from "../server/session.js";
import { shown } from "../words/names.js";
import { exact } from "../words/times.js";
import { useWatch } from "./known.js";
import { Way, videoAt } from "./links.js";
import { lineOf } from "./log-line.js";
import { source } from "./source.js";

const LINES = 50;
const TYPING_MS = 300;
const REST_MS = 10_000;
// Looking for something may read much of the log.
const SEARCH_REST_MS = 60_000;

const wanted = signal("");
const address = () => `/api/log?${new URLSearchParams({ limit: LINES, ...(wanted.peek() && { q: wanted.peek() }) })}`;
const tail = source(address);
effect(() => {
  if (session.value === null) wanted.value = "";
});

export const Log = () => isAdmin.value && html`<${Told} />`;

function Told() {
  const q = wanted.value;
  useWatch(() => !tail.isUntold.peek() && tail.ask(), q ? SEARCH_REST_MS : REST_MS, [q]);
  if (tail.isUntold.value) return null;
  const told = tail.of.value === address() ? tail.answer.value : null;
  return html`
    <section class="part" aria-labelledby="log-heading">
      <header class="part-head"><h2 id="log-heading">Log</h2><p class="soft">The latest steps of uploads and copies, the newest first</p><${Filter} /></header>
      ${tail.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${tail.problem.value}</p>`}
      ${!told && !online.value && html`<p class="panel nothing soft">There is no connection. This is looked up as soon as there is one.</p>`}
      ${told && html`
        <div class="panel log" tabindex="0" role="region" aria-label="Lines of the log">
          ${told.lines.length ? html`<ol role="list">${told.lines.map((line, at) => html`<${Line} key=${`${line} ${at}`} line=${line} />`)}</ol>` : html`<p class="soft">${nothing(q, told)}</p>`}
        </div>
        ${!told.searched_all && told.lines.length > 0 && html`<p class="soft people-how">${told.lines.length === 1 ? "The latest one is" : `The latest ${told.lines.length} are`} shown. <code>scripts/video_manager logs${q && ` ${q.includes(" ") ? `"${q}"` : q}`}</code> tells all.</p>`}
      `}
    </section>
  `;
}

function nothing(q, { searched_all: isAll }) {
  if (!q) return "Nothing was logged yet.";
  return isAll ? `No line holds “${q}”.` : `None of the latest lines holds “${q}”; older ones were not looked at.`;
}

function Filter() {
  const field = useRef();
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  const typed = (event) => {
    clearTimeout(timer.current);
    timer.current = setTimeout((text) => (wanted.value = text), TYPING_MS, event.target.value.trim());
  };
  return html`
    <search class="search log-search"><${Icon} name="search" />
      <input ref=${field} type="search" dir="auto" aria-label="Only lines that hold" placeholder="Video id or other text" maxlength="200" autocomplete="off" defaultValue=${wanted.peek()} onInput=${typed} />
    </search>
  `;
}

const TONES = { warning: "needs", error: "failed" };

function Line({ line }) {
  const { at, level, step, rest, video } = lineOf(line);
  return html`
    <li class="log-line">
      ${at && html`<time dateTime=${at} title=${exact(at)} class="soft figures">${clock(at)}</time>`}${" "}
      ${level && level !== "info" && html`<strong class=${`tone-${TONES[level] ?? "waiting"}`}>${level}</strong>`}${" "}
      ${step && html`<strong>${step}</strong>`}${" "}
      <bdi dir="ltr">${shown(rest)}</bdi>${" "}
      ${video && html`<${Way} to=${videoAt(video)} aria-label=${`The video of this line, ${video}`}>Video<//>`}
    </li>
  `;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clock = (iso) => CLOCK.format(new Date(iso));
