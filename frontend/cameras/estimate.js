// About how large an export becomes and how long it takes, asked anew when what decides it changes.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { html } from "../html.js";
import { post } from "../server/api.js";
import { count, size } from "../words/sizes.js";
import { duration } from "../words/times.js";
import { nameById } from "./known.js";
import { lengthWords } from "./moments.js";

const SETTLE_MS = 250;

export function Estimate({ body }) {
  const [told, problem] = [useSignal(null), useSignal("")];
  // The reason changes nothing about it.
  const asked = JSON.stringify({ ...body, reason: "estimate" });
  useEffect(() => {
    const ending = new AbortController();
    const ask = async () => {
      try {
        told.value = await post("/api/v1/storage/exports/estimate", JSON.parse(asked), { signal: ending.signal });
        problem.value = "";
      } catch (trouble) {
        if (trouble.name !== "AbortError" && !ending.signal.aborted) problem.value = trouble.message;
      }
    };
    const timer = setTimeout(ask, told.peek() ? SETTLE_MS : 0);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [asked]);
  return html`
    <div class="estimate note" role="status" data-estimate>
      ${problem.value ? html`<p class="tone-failed">No estimate: ${problem.value}</p>` : told.value ? html`<${Words} told=${told.value} />` : html`<p class="soft">Estimating…</p>`}
    </div>
  `;
}

function Words({ told: { cameras, estimate_bytes: bytes, estimate_seconds: seconds } }) {
  const segments = cameras.reduce((sum, camera) => sum + camera.segments, 0);
  if (!segments) return html`<p class="tone-needs">Nothing is recorded in this range. There is nothing to export.</p>`;
  return html`
    <p><strong class="figures">About ${size(bytes)}</strong>, ready in about ${duration(Math.max(1, seconds))} once it begins.</p>
    <ul role="list" class="figures">
      ${cameras.map(({ camera_id: id, segments: parts, recorded_seconds: recorded, gaps }) => html`
        <li key=${id}><bdi>${nameById(id)}</bdi>: ${parts ? `${lengthWords(Math.round(recorded * 1000))} recorded in ${count(parts, "segment")}` : "nothing recorded"}${gapsOf(gaps) > 0 && parts > 0 && `, ${count(gapsOf(gaps), "gap")}`}</li>
      `)}
    </ul>
  `;
}

const gapsOf = (gaps) => (Array.isArray(gaps) ? gaps.length : (gaps ?? 0));
