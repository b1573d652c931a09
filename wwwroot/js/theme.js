// Before the first paint: the chosen theme on <html>, so that nothing flashes. Pages change it through window.fpTheme.
(function () {
  const key = "fp-theme", system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem(key) || "system"; } catch { return "system"; } };
  const apply = () => {
    const choice = read(), dark = choice === "dark" || (choice === "system" && system.matches), next = dark ? "dark" : "light";
    if (document.documentElement.dataset.theme === next) return;
    document.documentElement.dataset.theme = next;
    document.dispatchEvent(new CustomEvent("fp-theme", { detail: next }));
  };
  window.fpTheme = {
    get: read,
    set(choice) { try { localStorage.setItem(key, choice); } catch { /* private mode: for this page only */ document.documentElement.dataset.theme = choice; } apply(); },
  };
  system.addEventListener("change", apply);
  window.addEventListener("storage", e => { if (e.key === key) apply(); });
  apply();
  try { if (localStorage.getItem("fp-rail") === "narrow") document.documentElement.dataset.rail = "narrow"; } catch { /* private mode */ }
})();
