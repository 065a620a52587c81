/* The little that must happen in the browser itself: theme before the first paint, keyboard, overlays.
   Loaded as a file from our own origin, so the content security policy needs no exception for it. */
(function () {
  "use strict";
  const root = document.documentElement;

  /* Theme: what this browser chose, else what the person chose elsewhere, else the system. */
  const cookie = (name) => (document.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)")) || [])[1] || "";
  const chosen = localStorage.getItem("theme") || cookie("__Host-kontor_theme") || cookie("kontor_theme") || "system";
  if (!localStorage.getItem("theme") && chosen !== "system") localStorage.setItem("theme", chosen);
  const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const paint = (theme) => { root.dataset.theme = theme === "system" ? (dark() ? "dark" : "light") : theme; };
  paint(chosen);

  /* Reflex marks its mode as a class; our style sheet reads data-theme. */
  const follow = () => {
    if (root.classList.contains("dark")) paint("dark");
    else if (root.classList.contains("light")) paint("light");
    const frame = document.querySelector("[data-lang]");
    if (frame && root.lang !== frame.dataset.lang) root.lang = frame.dataset.lang;
    if (frame && frame.dataset.signedOut === "true" && !root.dataset.sent) {
      location.assign("/auth/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
    }
  };
  new MutationObserver(follow).observe(root, {
    attributes: true, subtree: true, childList: true, attributeFilter: ["class", "data-lang", "data-signed-out"],
  });

  /* A form on its way ("Back to myself") says where to go next, although it ends the session meanwhile. */
  addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    root.dataset.sent = "true";
    setTimeout(() => { delete root.dataset.sent; follow(); }, 15000);
  });

  /* The second click of a double click says nothing new: the first is under way, and may have moved what lies there. */
  addEventListener("click", (event) => {
    const pressed = event.detail > 1 && event.target.closest && event.target.closest("button.button");
    if (!pressed || pressed.closest(".pager")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  /* The tab of the page is seen also where the row of tabs is wider than the screen. */
  const tab = () => document.querySelector('.tabs [aria-current="page"]');
  let seen = null;
  new MutationObserver(() => {
    if (tab() === seen) return;
    seen = tab();
    if (seen) seen.parentElement.scrollLeft = seen.offsetLeft - seen.parentElement.offsetLeft - 16;
  }).observe(root, { attributes: true, subtree: true, childList: true, attributeFilter: ["aria-current"] });

  /* Overlays */
  const palette = () => document.getElementById("palette");
  const openPalette = () => {
    const dialog = palette();
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const input = document.getElementById("palette-input");
    type(input, "");
    input.focus();
  };
  const write = (input, text) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const type = (input, text) => {
    write(input, text + " ");
    write(input, text);
  };
  const hits = () => [...document.querySelectorAll("#palette-list [role=option]")];
  const mark = (step) => {
    const all = hits();
    if (!all.length) return;
    const now = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    const next = Math.max(0, Math.min(all.length - 1, now + step));
    all.forEach((hit, index) => hit.setAttribute("aria-selected", index === next ? "true" : "false"));
    all[next].scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-palette]")) openPalette();
    if (on("#palette [role=option]")) palette().close();
    if (event.target === palette()) palette().close();
    if (on("[data-nav=open]")) root.dataset.nav = "open";
    else if (on("[data-nav=close]") || on(".nav a") || !on(".nav")) delete root.dataset.nav;
    const help = on("[data-help]");
    if (help) {
      const list = document.getElementById("shortcuts");
      if (help.dataset.help === "open") list.showModal(); else list.close();
    }
    const menu = event.target.closest("[popover]");
    if (menu && menu.matches(":popover-open") && on("a, button[type=button]")) menu.hidePopover();
  });

  /* What runs is asked for again while somebody looks; the next question waits for its time, not for a timer each. */
  const asked = new WeakMap();
  setInterval(() => {
    if (document.hidden) return;
    document.querySelectorAll("[data-poll]").forEach((button) => {
      const now = Date.now();
      if (now - (asked.get(button) || 0) < Number(button.dataset.poll)) return;
      asked.set(button, now);
      button.click();
    });
  }, 250);

  /* What went well goes by itself, unless somebody points at it; what did not stays until it is closed. */
  const READ = 8000;
  const shownAt = new WeakMap();
  setInterval(() => {
    document.querySelectorAll(".messages [data-tone=ok]").forEach((message) => {
      const held = document.hidden || message.matches(":hover, :focus-within");
      if (held || !shownAt.has(message)) shownAt.set(message, Date.now());
      if (Date.now() - shownAt.get(message) < READ) return;
      shownAt.set(message, Date.now());
      message.querySelector("button").click();
    });
  }, 250);

  /* Keyboard */
  const table = () => [...document.querySelectorAll("[data-keys] tbody")].find((body) => body.rows.length);
  const cursor = () => document.querySelector("[data-keys] tr[data-cursor]");
  const move = (step) => {
    const body = table();
    if (!body) return;
    const rows = [...body.rows];
    const now = rows.indexOf(cursor());
    rows.forEach((row) => row.removeAttribute("data-cursor"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, now + step))];
    next.setAttribute("data-cursor", "");
    next.scrollIntoView({ block: "nearest" });
  };
  /* X selects the row of the cursor, Shift X all from the last selected one to it. */
  let anchor = null;
  const boxOf = (row) => row.querySelector(".select input");
  /* Rows are added by their keys in one message: a box says what the server knew last, and may be behind the keys. */
  const add = (rows) => {
    const goal = table().closest("div").querySelector("[data-select]");
    const keys = rows.map(boxOf).filter(Boolean).map((box) => box.dataset.keyOf);
    if (goal && keys.length) write(goal, keys.join(","));
  };
  const select = (range) => {
    const rows = [...table().rows];
    const to = rows.indexOf(cursor());
    const from = range && anchor && rows.includes(anchor) ? rows.indexOf(anchor) : to;
    if (range) add(rows.slice(Math.min(from, to), Math.max(from, to) + 1));
    else if (boxOf(cursor())) boxOf(cursor()).click();
    anchor = rows[to];
  };
  /* C, A, R: the deed's button where rows are selected (the cursor's row is, if none was), or its field on a record. */
  const deeds = ["c", "a", "r"];
  const goalOf = (key) => document.querySelector('[data-key="' + key + '"]');
  const act = (key, event) => {
    const reach = (goal) => { if (goal.matches("button, a")) goal.click(); else goal.focus(); };
    if (goalOf(key)) { event.preventDefault(); reach(goalOf(key)); return; }
    if (!cursor() || !boxOf(cursor())) return;
    event.preventDefault();
    add([cursor()]);
    const until = Date.now() + 3000;
    const wait = setInterval(() => {
      if (!goalOf(key) && Date.now() < until) return;
      clearInterval(wait);
      if (goalOf(key)) reach(goalOf(key));
    }, 50);
  };
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  let waiting = 0;

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (palette() && palette().open) {
      if (event.key === "ArrowDown") { event.preventDefault(); mark(1); }
      if (event.key === "ArrowUp") { event.preventDefault(); mark(-1); }
      if (event.key === "Enter") {
        const hit = hits().find((item) => item.getAttribute("aria-selected") === "true") || hits()[0];
        if (hit) { event.preventDefault(); hit.click(); }
      }
      return;
    }
    if (event.target.matches && event.target.matches("[data-filter]") && event.key === "Enter") event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest || typing(event.target)) return;
    if (document.querySelector("dialog[open], .dialog-modal")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (Date.now() - waiting < 1500) {
      waiting = 0;
      const goal = document.querySelector('.nav [data-go="' + CSS.escape(key) + '"]');
      if (goal) { event.preventDefault(); goal.click(); }
      return;
    }
    const filter = document.querySelector("[data-filter]");
    if (key === "g") waiting = Date.now();
    else if (key === "/" && filter) { event.preventDefault(); filter.focus(); filter.select(); }
    else if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "x" && cursor()) select(event.shiftKey);
    else if (deeds.includes(key)) act(key, event);
    else if (key === "Enter" && cursor() && event.target === document.body) {
      const link = cursor().querySelector("a[href]");
      if (link) link.click();
    } else if (key === "Escape") {
      const back = document.querySelector("[data-back]");
      if (root.dataset.nav) delete root.dataset.nav; else if (back) back.click();
    }
    else if (key === "?") { const list = document.getElementById("shortcuts"); if (list) list.showModal(); }
  });
})();
