// What is being made and copied now, with progress; what waits to be made, and what could not be.
import { useSignal } from "@preact/signals";
import { html } from "../html.js";
import { Shape } from "../parts/state-mark.js";
import { shown } from "../words/names.js";
import { jobName } from "../words/media.js";
import { count, percent, speed } from "../words/sizes.js";
import { mark, sentence } from "../words/states.js";
import { duration } from "../words/times.js";
import { jobs, labelOf, moving } from "./known.js";
import { Way, videoAt } from "./links.js";

const FEW = 6;
const TOLD_AT_MOST = 200;
const MARKS = {
  running: { order: 0, shape: "moving", word: "Running", tone: "moving" },
  failed: { order: 1, shape: "failed", word: "Failed", tone: "failed" },
  "set-aside": { order: 1, shape: "failed", word: "Set aside", tone: "failed" },
  waiting: { order: 2, shape: "waiting", word: "Waiting", tone: "waiting" },
};

export function Jobs() {
  const isAll = useSignal(false);
  if (jobs.isUntold.value) return null;
  const [media, copies] = [jobs.answer.value?.jobs, moving.answer.value?.deliveries];
  if (!media && !jobs.problem.value) return null;
  const rows = [...(copies ?? []).map(ofCopy), ...(media ?? []).map(ofJob)].sort((one, two) => one.order - two.order);
  return html`
    <section class="part" aria-labelledby="jobs-heading">
      <header class="part-head"><h2 id="jobs-heading">Jobs</h2><p class="soft">${media && inAll(rows, media.length >= TOLD_AT_MOST)}</p></header>
      ${jobs.problem.value && html`<p class="tone-failed" role="alert">This could not be looked up. ${jobs.problem.value}</p>`}
      ${rows.length > 0 && html`
        <ul class="panel rows" role="list">${(isAll.value ? rows : rows.slice(0, FEW)).map((row) => html`<${Row} key=${row.key} row=${row} />`)}</ul>
      `}
      ${rows.length > FEW && html`
        <button type="button" class="more jobs-more" aria-expanded=${isAll.value ? "true" : "false"} onClick=${() => (isAll.value = !isAll.peek())}>
          ${isAll.value ? "Show fewer" : `Show all ${rows.length}`}<span class="visually-hidden"> jobs</span>
        </button>
      `}
    </section>
  `;
}

function inAll(rows, isLeast) {
  if (!rows.length) return "Nothing is being made or copied at the moment";
  const words = { 0: "running", 1: "failed", 2: "waiting" };
  const parts = [0, 1, 2].map((order) => [order, rows.filter((row) => row.order === order).length]).filter(([, number]) => number);
  return `${isLeast ? "At least " : ""}${parts.map(([order, number]) => `${number.toLocaleString("en-GB")} ${words[order]}`).join(" · ")}`;
}

function ofJob({ id, video_id: video, title, filename, state, progress, error, attempts, ...job }) {
  const known = MARKS[state] ?? { order: 2, shape: "waiting", word: state, tone: "waiting" };
  const share = percent(progress ?? 0, 1);
  const why = error && (state === "waiting" ? `${sentence(error)} Tried ${count(attempts, "time")}; it is tried again by itself.` : sentence(error));
  return { ...known, key: `job ${id}`, video, title: shown(title || filename), what: jobName(job), why, share: state === "running" ? share : null };
}

function ofCopy(delivery) {
  const { shape, word, tone, percent: share } = mark(delivery);
  const { bytes_per_second: rate, seconds_left: left } = delivery;
  const how = rate ? `${speed(rate)}${left ? `, ${duration(left)} left` : ""}` : "";
  return {
    order: 0, shape, word, tone, share, key: `copy ${delivery.video_id} ${delivery.target}`, video: delivery.video_id,
    title: shown(delivery.filename), what: `Copy to ${labelOf(delivery.target)}`, why: how,
  };
}

const Row = ({ row: { shape, word, tone, share, video, title, what, why } }) => html`
  <li class="row need job" data-job=${what}>
    <p class=${`state-mark figures tone-${tone}`}><${Shape} shape=${shape} share=${share ?? 0} />${" "}${word}${share !== null && word === "Running" ? ` ${share}\u00a0%` : ""}</p>
    <div class="need-what">
      <h3><${Way} to=${videoAt(video)}><bdi>${title}</bdi><//></h3>
      <p>${what}${why && html`<span class=${tone === "failed" ? "tone-failed" : "soft"}> · ${why}</span>`}</p>
      ${share !== null && html`<progress class="bar job-bar" max="100" value=${share} aria-label=${`${what}: ${title}`} />`}
    </div>
  </li>
`;
