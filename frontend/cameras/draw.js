// Paints a lane and the axis on their canvases, in device pixels and in the colours that elements beside them wear.
import { BOTH, MISSING, RECORDED } from "./columns.js";
import { shareOf } from "./span.js";

const HATCH_PX = 7;
/** How far what is recorded stands off the lane's edges. */
const INSET_PX = 5;
/** A column of both is never drawn as high as a whole one, nor as low as an empty one. */
const LEAST = 0.2;
const MOST = 0.75;
const TICK_PX = 5;

/** Colours by name, read from elements `.ink-<name>` in `place`: canvas knows no custom properties. */
export function inksOf(place) {
  const found = {};
  for (const each of place.querySelectorAll("[class^=ink-]")) found[each.className.slice(4)] = getComputedStyle(each).color;
  return found;
}

const patterns = new Map();
function hatch(context, { gap, hatch: line }, scale) {
  const key = `${gap} ${line} ${scale}`;
  if (!patterns.has(key)) patterns.set(key, tile(gap, line, Math.round(HATCH_PX * scale), scale));
  return context.createPattern(patterns.get(key), "repeat");
}

function tile(ground, line, size, scale) {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = line;
  context.lineWidth = scale;
  context.beginPath();
  for (const from of [-size, 0, size]) {
    context.moveTo(from - scale, size + scale);
    context.lineTo(from + size + scale, -scale);
  }
  context.stroke();
  return canvas;
}

/** `columns` of columnsOf; `marks`: {band, now, hover, cursor} as instants, each may be missing. */
export function drawLane(canvas, { columns, shown, marks, inks, scale }) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const top = Math.round(INSET_PX * scale);
  const bottom = height - top;
  const missing = hatch(context, inks, scale);
  eachRun(columns, width, (kind, from, to) => {
    if (kind === RECORDED) fill(context, inks.recorded, from, top, to - from, bottom - top);
    else if (kind === MISSING) fill(context, missing, from, top, to - from, bottom - top);
    else if (kind === BOTH) both(context, { inks, columns, from, to, top, bottom });
  });
  const x = (at) => Math.round(shareOf(shown, at) * width);
  if (marks.band) band(context, { inks, from: x(marks.band.from), to: x(marks.band.to), width, height, scale });
  const line = Math.max(1, Math.round(scale));
  if (marks.now !== undefined) fill(context, inks.now, x(marks.now), 0, line, height);
  if (marks.hover !== undefined) fill(context, inks.hover, x(marks.hover), 0, line, height);
  if (marks.cursor !== undefined) fill(context, inks.cursor, x(marks.cursor) - line, 0, 2 * line, height);
}

function fill(context, ink, x, y, width, height) {
  context.fillStyle = ink;
  context.fillRect(x, y, width, height);
}

function eachRun({ kinds }, width, tell) {
  let from = 0;
  for (let at = 1; at <= width; at += 1) {
    if (at < width && kinds[at] === kinds[from]) continue;
    tell(kinds[from], from, at);
    from = at;
  }
}

/** As high as what is recorded of it, on the ground of a gap. */
function both(context, { inks, columns, from, to, top, bottom }) {
  fill(context, inks.gap, from, top, to - from, bottom - top);
  context.fillStyle = inks.both;
  for (let at = from; at < to; at += 1) {
    const share = Math.min(MOST, Math.max(LEAST, columns.shares[at]));
    const high = Math.round(share * (bottom - top));
    context.fillRect(at, bottom - high, 1, high);
  }
}

function band(context, { inks, from, to, width, height, scale }) {
  if (to < 0 || from > width) return;
  const line = Math.max(1, Math.round(1.5 * scale));
  context.globalAlpha = 0.2;
  fill(context, inks.mark, from, 0, Math.max(line, to - from), height);
  context.globalAlpha = 1;
  fill(context, inks.mark, from, 0, line, height);
  fill(context, inks.mark, to - line, 0, line, height);
}

/** The axis: coarse words above, fine ones below with a line each. */
export function drawAxis(canvas, { axis, shown, inks, scale, font, now, pointed }) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.font = font;
  context.textBaseline = "alphabetic";
  const x = (at) => shareOf(shown, at) * width;
  const gap = 6 * scale;
  let taken = -Infinity;
  for (const [index, { at, words }] of axis.marks.entries()) {
    // The one that began before stays at the left edge, until the next pushes it out.
    const own = Math.max(0, x(at));
    const next = axis.marks[index + 1] ? x(axis.marks[index + 1].at) : Infinity;
    const left = Math.min(own, next - context.measureText(words).width - 2 * gap);
    if (x(at) > 0) fill(context, inks.grid, Math.round(x(at)), 0, Math.max(1, Math.round(scale)), height);
    // Half a word says less than none.
    if (left < Math.max(0, taken) || left + gap + context.measureText(words).width > width) continue;
    context.fillStyle = inks.words;
    context.fillText(words, left + (x(at) > 0 ? gap : 0), 14 * scale);
    taken = left + context.measureText(words).width;
  }
  drawTicks(context, { axis, x, inks, scale, height, width });
  if (now > shown.from && now < shown.to) fill(context, inks.now, Math.round(x(now)), height - 2 * TICK_PX * scale, Math.max(1, Math.round(2 * scale)), 2 * TICK_PX * scale);
  if (pointed !== undefined) fill(context, inks.hover, Math.round(x(pointed)), height - 2 * TICK_PX * scale, Math.max(1, Math.round(scale)), 2 * TICK_PX * scale);
}

function drawTicks(context, { axis, x, inks, scale, height, width }) {
  let taken = -Infinity;
  for (const { at, words } of axis.ticks) {
    const place = Math.round(x(at));
    const half = context.measureText(words).width / 2;
    fill(context, inks.grid, place, height - TICK_PX * scale, Math.max(1, Math.round(scale)), TICK_PX * scale);
    if (place - half < Math.max(0, taken) || place + half > width) continue;
    context.fillStyle = inks.soft;
    context.fillText(words, place - half, height - (TICK_PX + 4) * scale);
    taken = place + half + 10 * scale;
  }
}
