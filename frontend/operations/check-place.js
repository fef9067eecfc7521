// Having a target looked at now, and what is then to be said of it.
import { askPlace, places } from "../videos/places.js";

/** What the row says already is not said twice. */
export async function checkPlace({ name }) {
  const words = (await askPlace(name, "check")) || "It was checked.";
  return places.peek().get(name)?.reason === words ? "Checked just now: it is still so." : words;
}
