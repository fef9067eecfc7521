// This view's part of the address: what is shown, which cameras are ticked, what is marked.
import { effect } from "@preact/signals";
import { CAMERAS, go, isCameras, place } from "../shell/route.js";
import { mark, ticked } from "./chosen.js";
import { isoOf } from "./moments.js";
import { limited, setSpan, span } from "./span.js";

/** A browser takes only so many changes of the address in a while. */
const REST_MS = 250;
let written = null;
let timer = null;

function stretch(from, to) {
  const found = { from: Date.parse(from ?? ""), to: Date.parse(to ?? "") };
  return found.to > found.from ? found : null;
}

/** What the address says is taken over; of what it is silent about, all stays as it was. */
function read(search) {
  const parameters = new URLSearchParams(search);
  const shown = stretch(parameters.get("from"), parameters.get("to"));
  if (shown) setSpan(shown);
  if (parameters.has("camera")) ticked.value = parameters.get("camera").split(",").filter(Boolean);
  const marked = stretch(...(parameters.get("mark") ?? "").split("/"));
  if (marked) mark.value = marked;
}

function text() {
  const parameters = [];
  if (span.value) {
    const { from, to } = limited(span.value);
    parameters.push(`from=${isoOf(from)}`, `to=${isoOf(to)}`);
  }
  if (ticked.value.length) parameters.push(`camera=${ticked.value.map(encodeURIComponent).join(",")}`);
  if (mark.value) parameters.push(`mark=${isoOf(mark.value.from)}/${isoOf(mark.value.to)}`);
  return parameters.length ? `?${parameters.join("&")}` : "";
}

/** Keeps address and view in step while the view is shown. Returns the function that ends it. */
export function keepInStep() {
  written = null;
  const stops = [
    effect(() => {
      const { search } = place.value;
      if (isCameras.value && search !== written) read(search);
      written = search;
    }),
    effect(() => {
      const next = text();
      clearTimeout(timer);
      timer = setTimeout(() => write(next), REST_MS);
    }),
  ];
  return () => {
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}

function write(next) {
  if (!isCameras.peek() || next === location.search) return;
  written = next;
  go(CAMERAS + next, { replace: true, state: history.state });
}
