// One chart by uPlot: a figure over days, in the colours of the theme and as wide as its place. Decoration: the words and
// the table beside it say the same. The library comes only when a chart is shown.
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { theme } from "../shell/theme.js";

let library = null;
const load = () => (library ??= import("uplot/dist/uPlot.esm.js").then((module) => module.default, later));

/** Without a connection it does not come: the words and the table are there, and the next chart asks again. */
function later() {
  library = null;
  return null;
}

const DAY_SECONDS = 86_400;
/** Steps of the axis of days: uPlot knows of months and years by these. */
const DATE_STEPS = [1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 180, 365, 730, 1825, 3650].map((days) => days * DAY_SECONDS);
const SIDE_PX = 68;
const FOOT_PX = 28;
const STEP_PX = 46;

/** `rows`: of runningTotals; `field`: which figure; `steps(most, atMost)`: places on its axis; `says(value)`: their words;
 * `picked`: signal of the index under the pointer or chosen by key, or null. */
export function Chart({ rows, field, kind, height, steps, says, picked }) {
  const box = useRef();
  const plot = useRef(null);
  const data = useRef();
  data.current = [rows.map(({ ms }) => ms / 1000), rows.map((row) => row[field])];
  useEffect(() => {
    const place = box.current;
    let isGone = false;
    let sizes = null;
    load().then((uPlot) => {
      if (isGone || !uPlot) return;
      plot.current = new uPlot(options({ uPlot, box: place, kind, width: place.clientWidth, height, steps, says, picked }), data.current, place);
      sizes = new ResizeObserver(() => place.clientWidth && plot.current?.setSize({ width: place.clientWidth, height }));
      sizes.observe(place);
      place.dataset.drawn = "";
    });
    return () => {
      isGone = true;
      sizes?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data.current), [rows]);
  const { value: scheme } = theme;
  useEffect(() => plot.current?.redraw(false), [scheme]);
  const { value: at } = picked;
  useEffect(() => point(plot.current, at), [at, rows]);
  return html`<div ref=${box} class=${`chart chart-${kind}`} aria-hidden="true"><i class="ink-line" /><i class="ink-fill" /><i class="ink-grid" /><i class="ink-words" /></div>`;
}

function options({ uPlot, box, kind, width, height, steps, says, picked }) {
  // Canvas knows no custom properties: each colour is read from an element that wears it, at every drawing.
  const ink = (name) => () => getComputedStyle(box.querySelector(`.ink-${name}`)).color;
  const axis = { stroke: ink("words"), font: `13px ${getComputedStyle(box).fontFamily}`, ticks: { show: false } };
  const grid = { stroke: ink("grid"), width: 1 };
  return {
    width,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    scales: { y: { range: (_, __, most) => [0, (most || 1) * 1.08] } },
    series: [{}, { stroke: ink("line"), fill: kind === "area" ? ink("fill") : undefined, width: 2, points: { show: false } }],
    axes: [
      { ...axis, grid: { show: false }, size: FOOT_PX, space: 76, incrs: DATE_STEPS, values: (_, places, __, ___, step) => places.map((place) => dateWords(place, step)) },
      { ...axis, grid, size: SIDE_PX, splits: (_, __, ___, most) => steps(most, (height - FOOT_PX) / STEP_PX), values: (_, places) => places.map(says) },
    ],
    hooks: { setCursor: [({ cursor }) => (picked.value = cursor.idx ?? null)] },
  };
}

/** Shows the picked day; told to uPlot in silence, else it would be told back. */
function point(plot, at) {
  if (!plot) return;
  const [days] = plot.data;
  const left = at === null ? -10 : plot.valToPos(days[Math.min(at, days.length - 1)], "x");
  plot.setCursor({ left, top: at === null ? -10 : 10 }, false);
}

const formats = {
  day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
  month: new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }),
  year: new Intl.DateTimeFormat("en-GB", { year: "numeric", timeZone: "UTC" }),
};

function dateWords(seconds, step) {
  const format = step >= 360 * DAY_SECONDS ? formats.year : step >= 28 * DAY_SECONDS ? formats.month : formats.day;
  return format.format(seconds * 1000);
}
