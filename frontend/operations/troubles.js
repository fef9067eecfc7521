// Copies that need somebody, put together by what is wrong: a thousand files may wait for one reason. Pure.
import { needsPerson } from "../words/states.js";

const ORDER = ["failed", "parked", "damaged"];

/** Deliveries as [{key, target, state, error_code, items}], the most first within each state. */
export function gathered(deliveries) {
  const groups = new Map();
  for (const delivery of deliveries) {
    // What goes on by itself is no trouble of anybody's.
    if (delivery.state === "parked" && !needsPerson(delivery)) continue;
    const key = [delivery.target, delivery.state, delivery.error_code, delivery.error].join("\n");
    if (!groups.has(key)) groups.set(key, { key, sample: delivery, items: [] });
    groups.get(key).items.push(delivery);
  }
  const rank = ({ sample }) => ORDER.indexOf(sample.state);
  return [...groups.values()].sort((one, two) => rank(one) - rank(two) || two.items.length - one.items.length);
}
