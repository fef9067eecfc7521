// Draws its children only when the wait has lasted 200 ms: a quick answer then shows no flicker.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const PATIENCE_MS = 200;

export function Late({ children }) {
  const due = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (due.value = true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return due.value ? children : null;
}
