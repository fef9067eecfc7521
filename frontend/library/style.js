// Styles that are figures of the page: set on the element by script, because the policy allows none in markup.
import { useLayoutEffect } from "preact/hooks";

/** `styles`: {property: value}, custom properties too. */
export function useStyle(element, styles) {
  useLayoutEffect(() => {
    for (const [property, value] of Object.entries(styles)) element.current.style.setProperty(property, value);
  }, Object.values(styles));
}
