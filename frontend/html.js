// The one place where markup meets preact: `html` for components, and what they all need with it.
import htm from "htm";
import { Fragment, h, render } from "preact";

// Importing signals here makes every component that reads one follow it.
import "@preact/signals";

export const html = htm.bind(h);
export { Fragment, render };
