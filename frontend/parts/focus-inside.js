// Keeps the Tab key within what fills the screen: at its last element the first follows, and the other way round.
const REACHED = "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex='0']";

/** What the Tab key can reach in `root`, in order. */
const reached = (root) => [...root.querySelectorAll(REACHED)].filter((each) => each.tabIndex >= 0 && each.checkVisibility());

/** For the keydown of a Tab. */
export function turnAround(event, root) {
  const all = reached(root);
  const at = document.activeElement;
  const [edge, other] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  // A heading that was given the focus stands before the first.
  const isBefore = event.shiftKey && !all.includes(at) && all[0]?.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_PRECEDING;
  if (at !== edge && root.contains(at) && !isBefore) return;
  event.preventDefault();
  other?.focus();
}
