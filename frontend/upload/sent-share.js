// How much of everything that is still to be sent has gone, in whole percent; null when nothing is.
import { computed } from "@preact/signals";
import { percent } from "../words/sizes.js";
import { UNSENT } from "./item.js";
import { items } from "./queue.js";

const COUNTED = UNSENT.filter((state) => state !== "held");
const total = (list, figure) => list.reduce((before, item) => before + figure(item), 0);

export const shareSent = computed(() => {
  const waiting = items.value.filter((item) => COUNTED.includes(item.state.value));
  if (!waiting.length) return null;
  return percent(total(waiting, (item) => item.bytes.value), total(waiting, (item) => item.size));
});
