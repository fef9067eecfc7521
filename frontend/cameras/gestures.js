// Wheel, drag and pinch on the timeline. The axis is always moved; a lane is marked or moved, as chosen, and with Shift the other.
import { announce } from "../shell/announce.js";
import { activeCamera, between, cursor, dragging, hover, mark, ticked } from "./chosen.js";
import { cameraIds, nameById } from "./known.js";
import { lengthWords } from "./moments.js";
import { instantAt, moveBy, setSpan, span, widthOf, zoomBy } from "./span.js";

const CLICK_PX = 4;
const ZOOM_PER_PX = 0.0022;
const LINE_PX = 33;

/** Returns the function that ends it. */
export function listenForGestures(root) {
  const gesture = new Gesture(root);
  const listeners = [
    ["pointerdown", gesture.down], ["pointermove", gesture.move], ["pointerup", gesture.up], ["pointercancel", gesture.cancel],
    ["pointerleave", gesture.leave], ["wheel", gesture.wheel, { passive: false }],
  ];
  for (const [name, handle, options] of listeners) root.addEventListener(name, handle, options);
  return () => {
    for (const [name, handle, options] of listeners) root.removeEventListener(name, handle, options);
    hover.value = null;
  };
}

class Gesture {
  /** Fingers and pointers that are down: id → x. */
  pointers = new Map();
  /** {kind: "press" | "move" | "mark" | "pinch", …} or null. */
  current = null;

  constructor(root) {
    this.root = root;
  }

  get box() {
    return this.root.querySelector("[data-axis]").getBoundingClientRect();
  }

  instant(x) {
    const { left, width } = this.box;
    const at = instantAt(span.peek(), Math.min(1, Math.max(0, (x - left) / width)));
    // No finer than a pixel is: more would be made up.
    const unit = [1000, 100, 10].find((each) => widthOf(span.peek()) / width > each) ?? 1;
    return Math.round(at / unit) * unit;
  }

  down = (event) => {
    const track = event.target.closest("[data-track]");
    const isAxis = Boolean(event.target.closest("[data-axis]"));
    if ((!track && !isAxis) || event.button > 1 || !span.peek()) return;
    this.pointers.set(event.pointerId, event.clientX);
    this.root.setPointerCapture(event.pointerId);
    // Selects no text, starts no scrolling by the middle button; the focus comes by a press without movement.
    if (event.pointerType === "mouse") event.preventDefault();
    if (this.pointers.size === 2) return this.startPinch();
    const other = dragging.peek() === "mark" ? "move" : "mark";
    const does = isAxis || event.button === 1 ? "move" : event.shiftKey ? other : dragging.peek();
    this.current = { kind: "press", does, x: event.clientX, from: span.peek(), at: this.instant(event.clientX), camera: track?.dataset.track ?? null, before: { mark: mark.peek(), ticked: ticked.peek() } };
  };

  move = (event) => {
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, event.clientX);
    const { current } = this;
    if (!current) return this.point(event);
    if (current.kind === "pinch") return this.pinch();
    if (current.kind === "press" && Math.abs(event.clientX - current.x) < CLICK_PX) return;
    current.kind = current.does;
    hover.value = null;
    if (current.kind === "move") {
      const by = ((current.x - event.clientX) / this.box.width) * widthOf(current.from);
      setSpan({ from: current.from.from + by, to: current.from.to + by });
    } else this.drawMark(event);
  };

  /** Over several lanes, those are ticked; within one that is ticked already, the others stay. */
  drawMark({ clientX, clientY }) {
    const { current } = this;
    const end = this.cameraAt(clientY) ?? current.camera;
    const ids = cameraIds.peek();
    const [first, last] = [ids.indexOf(current.camera), ids.indexOf(end)].sort((one, two) => one - two);
    const over = ids.slice(first, last + 1);
    const keeps = over.length === 1 && current.before.ticked.includes(current.camera);
    const next = keeps ? current.before.ticked : over;
    if (next.join() !== ticked.peek().join()) ticked.value = next;
    mark.value = between(current.at, this.instant(clientX)) ?? current.before.mark;
  }

  cameraAt(y) {
    const lanes = [...this.root.querySelectorAll("[data-camera]")];
    return (lanes.find((lane) => y < lane.getBoundingClientRect().bottom) ?? lanes.at(-1))?.dataset.camera;
  }

  up = (event) => {
    this.pointers.delete(event.pointerId);
    const { current } = this;
    if (!current || current.kind === "pinch") return this.settle();
    if (current.kind === "press" && current.camera) this.press(current);
    if (current.kind === "mark" && mark.peek()) tellMark();
    this.current = null;
  };

  press({ camera, at }) {
    activeCamera.value = camera;
    cursor.value = { camera, at };
    this.root.querySelector(`[data-track="${CSS.escape(camera)}"]`)?.focus({ preventScroll: true, focusVisible: false });
  }

  cancel = (event) => {
    this.pointers.delete(event.pointerId);
    if (this.current?.kind === "mark") [mark.value, ticked.value] = [this.current.before.mark, this.current.before.ticked];
    this.settle();
  };

  /** A finger that stays after a pinch does nothing until it is lifted. */
  settle() {
    if (!this.pointers.size) this.current = null;
  }

  startPinch() {
    if (this.current?.kind === "mark") [mark.value, ticked.value] = [this.current.before.mark, this.current.before.ticked];
    const [one, two] = [...this.pointers.values()];
    this.current = { kind: "pinch", instants: [this.instant(one), this.instant(two)] };
    hover.value = null;
  }

  /** The instants that the fingers took hold of stay below them. */
  pinch() {
    const { left, width } = this.box;
    const [one, two] = [...this.pointers.values()].map((x) => (x - left) / width);
    const [first, second] = this.current.instants;
    const apart = two - one;
    const length = Math.abs(apart) < 0.02 ? 0 : (second - first) / apart;
    if (!(length > 0)) return;
    const from = first - one * length;
    setSpan({ from, to: from + length });
  }

  point(event) {
    if (event.pointerType === "touch" || !span.peek()) return;
    const track = event.target.closest?.("[data-track]");
    hover.value = track ? { camera: track.dataset.track, at: this.instant(event.clientX) } : null;
  }

  leave = () => {
    if (!this.current) hover.value = null;
  };

  wheel = (event) => {
    if (!span.peek() || !event.target.closest("[data-track], [data-axis]")) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE_PX;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) moveBy((dx || dy) / this.box.width);
    else zoomBy(Math.exp(dy * ZOOM_PER_PX * (event.ctrlKey ? 4 : 1)), this.instant(event.clientX));
    this.point(event);
  };
}

export function tellMark() {
  const { from, to } = mark.peek();
  const names = ticked.peek().map(nameById);
  announce(`Marked ${lengthWords(to - from)}${names.length ? ` of ${names.length > 2 ? `${names.length} cameras` : names.join(" and ")}` : ""}.`, { isAnswer: true });
}
