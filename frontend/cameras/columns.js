// What each column of pixels of a lane holds: recorded time, missing time, or both. Pure, and never kinder than the data.

export const MISSING = 0;
export const RECORDED = 1;
/** Recorded and missing time in one column: neither of the two may stand for it. */
export const BOTH = 2;
/** Not asked yet, or still to come. */
export const UNKNOWN = 3;

/** Stretches in order, those that touch as one: [{from, to}] in milliseconds. */
export function merged(stretches) {
  const found = [];
  const all = stretches.map(({ start, end }) => ({ from: Date.parse(start), to: Date.parse(end) }));
  for (const { from, to } of all.sort((one, two) => one.from - two.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** The missing times between `from` and `to`. */
export function gapsIn(stretches, from, to) {
  const found = [];
  let at = from;
  for (const stretch of stretches) {
    if (stretch.to <= at) continue;
    if (stretch.from >= to) break;
    if (stretch.from > at) found.push({ from: at, to: stretch.from });
    at = stretch.to;
  }
  if (at < to) found.push({ from: at, to });
  return found;
}

export function recordedIn(stretches, from, to) {
  return stretches.reduce((sum, stretch) => sum + Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from)), 0);
}

/** The first stretch that ends after `at`. */
export function indexAfter(stretches, at) {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle].to > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** {kinds, shares} of `width` columns. `lane`: {known: {from, to}, stretches | bins, binMs}. What lies after `now` and is not
 * recorded is no gap: it was not to be recorded yet. */
export function columnsOf(lane, { from, to }, width, now) {
  const kinds = new Uint8Array(width).fill(UNKNOWN);
  const shares = new Float32Array(width);
  const per = (to - from) / width;
  const first = Math.max(0, Math.ceil((lane.known.from - from) / per - 1e-6));
  const end = Math.min(width, Math.floor((lane.known.to - from) / per + 1e-6));
  if (end <= first) return { kinds, shares };
  kinds.fill(MISSING, first, end);
  if (lane.stretches) byStretches(lane.stretches, { kinds, shares, from, to, per, first, end });
  else byBins(lane, { kinds, shares, from, per, first, end });
  const future = Math.max(first, Math.ceil((now - from) / per));
  for (let at = future; at < end; at += 1) if (kinds[at] === MISSING) kinds[at] = UNKNOWN;
  return { kinds, shares };
}

function byStretches(stretches, { kinds, shares, from, to, per, first, end }) {
  for (let index = indexAfter(stretches, from); index < stretches.length && stretches[index].from < to; index += 1) {
    const left = (stretches[index].from - from) / per;
    const right = (stretches[index].to - from) / per;
    const stop = Math.min(end, Math.ceil(right));
    for (let at = Math.max(first, Math.floor(left)); at < stop; at += 1) {
      const isWhole = left <= at && right >= at + 1;
      kinds[at] = isWhole ? RECORDED : BOTH;
      shares[at] = isWhole ? 1 : shares[at] + Math.min(right, at + 1) - Math.max(left, at);
    }
  }
}

/** Whole or empty only where every bin that a column touches is exactly so. */
function byBins({ bins, binMs, known }, { kinds, shares, from, per, first, end }) {
  for (let at = first; at < end; at += 1) {
    const start = Math.max(0, Math.floor((from + at * per - known.from) / binMs + 1e-6));
    const stop = Math.min(bins.length, Math.max(start + 1, Math.ceil((from + (at + 1) * per - known.from) / binMs - 1e-6)));
    let sum = 0;
    let isWhole = true;
    for (let bin = start; bin < stop; bin += 1) {
      sum += bins[bin];
      isWhole &&= bins[bin] === 1;
    }
    kinds[at] = isWhole ? RECORDED : sum === 0 ? MISSING : BOTH;
    shares[at] = sum / Math.max(1, stop - start);
  }
}
