// From and to of the marked range, to be typed; what is typed and what is marked never differ in silence.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { announce } from "../shell/announce.js";
import { settled, textsOf } from "./bounds.js";
import { mark } from "./chosen.js";
import { TimeField } from "./time-field.js";

const ENDS = [["from", "From", "Choose the start by a calendar"], ["to", "To", "Choose the end by a calendar"]];
const NOTHING = { faults: {}, said: {}, hint: "" };

export function Bounds() {
  const range = mark.value;
  const texts = useSignal(textsOf(range));
  const told = useSignal(NOTHING);
  /** The range that the fields stand for, and what stood in them when they were last read. */
  const known = useRef({ range, texts: texts.peek() });
  // A mark that comes from elsewhere takes the place of what was typed.
  useEffect(() => {
    const before = known.current.range;
    if (before?.from === range?.from && before?.to === range?.to) return;
    known.current = { range, texts: textsOf(range) };
    texts.value = known.current.texts;
    told.value = NOTHING;
  }, [range?.from, range?.to]);

  const write = (end) => (text) => (texts.value = { ...texts.peek(), [end]: text });
  const commit = (end) => () => {
    if (texts.peek()[end] === known.current.texts[end]) return;
    const found = settled(texts.peek(), known.current.range, end);
    known.current = { range: found.range, texts: found.texts };
    texts.value = found.texts;
    told.value = { faults: found.faults, said: { ...(found.hint ? {} : told.peek().said), [end]: found.said }, hint: found.hint };
    mark.value = found.range;
    const words = [found.said, found.hint].filter(Boolean).join(" ");
    if (words) announce(words, { isAnswer: true });
  };
  const { faults, said, hint } = told.value;
  return html`
    <div class="mark-bounds">
      ${ENDS.map(([end, says, calendar]) => html`
        <div class="field" key=${end}>
          <span><label for=${`mark-${end}`}>${says}</label></span>
          <${TimeField} id=${`mark-${end}`} data-mark=${end} text=${texts.value[end]} write=${write(end)} commit=${commit(end)} calendar=${calendar}
            aria-invalid=${faults[end] ? "true" : null} aria-describedby=${`mark-${end}-words`} />
          <div id=${`mark-${end}-words`} class="mark-words">
            ${faults[end] && html`<p class="field-wrong" role="alert">${faults[end]}</p>`}
            ${said[end] && html`<p class="soft">${said[end]}</p>`}
          </div>
        </div>
      `)}
      ${hint && html`<p class="soft mark-hint">${hint}</p>`}
    </div>
  `;
}
