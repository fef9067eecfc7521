// Runs before anything is painted: the chosen colours, and the sign-in token out of the address.
// A classic script, so that neither waits for a module: the token must not linger where it can be seen.
(() => {
  try {
    const chosen = localStorage.getItem("holdfast.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is blocked: the colours of the system stay.
  }
  const takeToken = () => {
    const found = /^#token=(.*)$/.exec(location.hash);
    if (!found) return;
    history.replaceState(null, "", location.pathname + location.search);
    window.dispatchEvent(new CustomEvent("holdfast-token", { detail: (window.holdfastToken = found[1]) }));
  };
  takeToken();
  window.addEventListener("hashchange", takeToken);
})();
