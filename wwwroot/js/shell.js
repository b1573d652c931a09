// The shell's few needs of the browser: shortcuts, the state of the connection, the rail's width, the clipboard.
(function () {
  let shell = null;
  const typing = e => e.target.closest("input, textarea, select, [contenteditable]") !== null;

  document.addEventListener("keydown", e => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); shell?.invokeMethodAsync("Shortcut", "palette"); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e) || document.querySelector(".mud-dialog, .palette")) return;
    const name = { n: "new", "?": "help" }[e.key];
    if (name) { e.preventDefault(); shell?.invokeMethodAsync("Shortcut", name); return; }
    if (e.key === "/") {
      const filter = document.querySelector("[data-filter]");
      e.preventDefault();
      if (filter) { filter.focus(); filter.select(); } else shell?.invokeMethodAsync("Shortcut", "palette");
      return;
    }
    // J and K walk through the rows of the page's list; Enter opens the row's own link.
    if (e.key !== "j" && e.key !== "k") return;
    const links = [...document.querySelectorAll("[data-list] [data-row-link]")].filter(a => a.offsetParent !== null);
    if (links.length === 0) return;
    e.preventDefault();
    const at = links.indexOf(document.activeElement), next = e.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    document.querySelectorAll("[data-list] .current").forEach(r => r.classList.remove("current"));
    links[next].focus(); links[next].closest("tr, li")?.classList.add("current");
    links[next].scrollIntoView({ block: "nearest" });
  });

  const bar = document.getElementById("components-reconnect-modal");
  bar?.addEventListener("components-reconnect-state-changed", e => {
    bar.dataset.state = e.detail.state;
    // A server that was restarted knows nothing of this page, but the address does: show the truth again. A form keeps what was typed.
    if (e.detail.state === "rejected" && !location.pathname.startsWith("/runs/new")) location.reload();
    if (e.detail.state === "failed") document.addEventListener("visibilitychange", retryWhenSeen);
  });
  const retryWhenSeen = () => { if (document.visibilityState === "visible") { document.removeEventListener("visibilitychange", retryWhenSeen); retry(); } };
  async function retry() {
    try { if (!(await Blazor.reconnect())) { if (!(await Blazor.resumeCircuit?.())) location.reload(); } }
    catch { bar.dataset.state = "failed"; }
  }
  bar?.addEventListener("click", e => {
    const act = e.target.dataset.act;
    if (act === "retry") { bar.dataset.state = "show"; retry(); } else if (act === "reload") location.reload();
  });

  window.fpShell = {
    connect(reference) { shell = reference; },
    disconnect() { shell = null; },
    rail() {
      const root = document.documentElement, narrow = root.dataset.rail !== "narrow";
      if (narrow) root.dataset.rail = "narrow"; else delete root.dataset.rail;
      try { localStorage.setItem("fp-rail", narrow ? "narrow" : "wide"); } catch { /* private mode */ }
      window.dispatchEvent(new Event("resize"));
    },
    async copy(text) {
      try { await navigator.clipboard.writeText(text); return true; }
      catch {
        // Plain http on another host has no clipboard API.
        const area = document.createElement("textarea");
        area.value = text; area.style.position = "fixed"; area.style.opacity = "0"; document.body.append(area); area.select();
        const done = document.execCommand("copy"); area.remove(); return done;
      }
    },
    focus(selector) { document.querySelector(selector)?.focus(); },
    scrollEnd(element, onlyIfNear) { if (element && (!onlyIfNear || element.scrollHeight - element.scrollTop - element.clientHeight < 120)) element.scrollTop = element.scrollHeight; },
  };
})();
