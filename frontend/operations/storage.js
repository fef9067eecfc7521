// Storage: the disk, what was saved over time, and what lies in which project, label, state and target.
import { html } from "../html.js";
import { Late } from "../parts/late.js";
import { shown } from "../words/names.js";
import { size } from "../words/sizes.js";
import { mark } from "../words/states.js";
import { BarList } from "./bar-list.js";
import { labelOf, projects, report } from "./known.js";
import { libraryAt } from "./links.js";
import { OverTime } from "./over-time.js";
import { ShareBar } from "./share-bar.js";

export function Storage() {
  const told = report.answer.value;
  if (report.isUntold.value) return null;
  return html`
    <section class="part" aria-labelledby="storage-heading">
      <header class="part-head"><h2 id="storage-heading">Storage</h2></header>
      ${told ? html`<${Disk} told=${told} />` : html`<${Late}><${Skeleton} /><//>`}
      ${told?.over_time.length > 0 && html`<${OverTime} told=${told.over_time} />`}
      ${told?.total.videos > 0 && html`
        <div class="bar-lists">
          <${BarList} title="By project" rows=${byProject(told)} />
          <${BarList} title="By label" rows=${byLabel(told)} />
          <${BarList} title="By state" rows=${byState(told)} />
          <${BarList} title="By target" rows=${byTarget(told)} empty="No copies are kept elsewhere." />
        </div>
      `}
    </section>
  `;
}

const Skeleton = () => html`
  <div class="panel rows" aria-hidden="true" data-skeleton>
    ${[60, 45].map((width) => html`<p key=${width} class="row"><span class=${`bone bone-${width}`} /></p>`)}
  </div>
`;

/** Who may see some projects only is told nothing about the disk. */
function Disk({ told: { by_state: states, total: { physical_bytes: held, disk_free_bytes: free, disk_total_bytes: whole } } }) {
  const here = states.filter(({ name }) => name !== "pruned").reduce((sum, { bytes }) => sum + bytes, 0);
  const saved = here > held ? ` Identical files share their bytes: ${size(here)} of video take ${size(held)}.` : "";
  const other = Math.max(0, whole - free - held);
  return html`
    <div class="panel disk" data-disk>
      <p>
        ${held ? html`<strong class="figures">${size(held)}</strong> of video` : "No video yet"}${" on this server's disk"}
        ${whole ? html`; <strong class="figures">${size(free)}</strong> free of ${size(whole)}` : ""}.<span class="soft">${saved}</span>
      </p>
      ${whole > 0 && html`
        <${ShareBar} whole=${whole} shares=${[
          { name: "Videos", value: held, tone: "accent", says: size(held) },
          { name: "Other files", value: other, tone: "other", says: size(other) },
          { name: "Free", value: free, tone: "free", says: size(free) },
        ].filter(({ value }) => value > 0)} />
      `}
    </div>
  `;
}

function byProject({ by_project: told }) {
  const quotas = new Map((projects.answer.value?.projects ?? []).filter(({ quota_bytes: most }) => most).map((project) => [project.project_id, project]));
  const rows = told.map(({ name, ...figures }) => ({ name, ...figures, quota: quotas.get(name) }));
  const unused = [...quotas].filter(([name]) => !told.some((each) => each.name === name)).map(([name, quota]) => ({ name, count: 0, bytes: 0, quota }));
  return [...rows, ...unused].map((row) => ({ ...row, key: row.name, name: shown(row.name), to: row.count ? libraryAt({ project: row.name }) : "" }));
}

const byLabel = ({ by_label: told }) =>
  told.map(({ name, ...figures }) => ({ key: name, name: name ? shown(name) : "No label", to: name ? libraryAt({ label: name }) : "", ...figures }));

const STATES = {
  present: { name: "On this server" },
  pruned: { name: "On targets only", state: "video:remote-only" },
  trashed: { name: "In the trash", state: "copy:trashed" },
};

function byState({ by_state: told }) {
  const away = told.some(({ name, count: number }) => name === "pruned" && number);
  return told.filter(({ count: number }) => number).map(({ name, ...figures }) => {
    const { name: says = name, state } = STATES[name] ?? {};
    // Without a filter the Library shows all but the trash: that is what is here, while nothing is elsewhere only.
    const to = state ? libraryAt({ state }) : away ? "" : libraryAt();
    return { key: name, name: says, to, ...figures };
  });
}

/** One row for each target: what is verified there; all else in words below it. */
function byTarget({ by_target: told }) {
  const names = [...new Set(told.map(({ target }) => target))];
  return names.map((target) => {
    const mine = told.filter((each) => each.target === target && each.count);
    const there = mine.find(({ state }) => state === "delivered") ?? { count: 0, bytes: 0 };
    const others = mine.filter(({ state }) => state !== "delivered").map((each) => `${each.count.toLocaleString("en-GB")} ${wordOf(each)}`);
    const to = there.count ? libraryAt({ state: "copy:delivered", target }) : "";
    return { key: target, name: shown(labelOf(target)), to, count: there.count, bytes: there.bytes, note: others.join(" · ") };
  });
}

function wordOf({ state, count: number }) {
  if (state === "in_progress") return "moving";
  if (state === "parked") return number === 1 ? "needs you" : "need you";
  return mark({ state }).word.toLowerCase();
}
