// What a page gains from scripts. Without them it can be read, searched in and printed.
(() => {
  const find = (query) => [...document.querySelectorAll(query)];
  const remember = (key, value) => {
    try {
      value ? localStorage.setItem(key, value) : localStorage.removeItem(key);
    } catch {} // a browser may forbid it; then nothing is remembered
  };
  const remembered = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };

  // Light, dark, or as the system says.
  const themes = ["", "light", "dark"];
  const media = { light: "not all", dark: "all" };
  find("button.theme").forEach((button) => {
    const names = button.dataset.names.split("|");
    const show = () => {
      const name = names[Math.max(0, themes.indexOf(remembered("theme") || ""))];
      button.title = name;
      button.setAttribute("aria-label", name);
    };
    button.hidden = false;
    show();
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(remembered("theme") || "") + 1) % 3];
      remember("theme", next);
      document.getElementById("dark").media =
        media[next] || "(prefers-color-scheme: dark)";
      show();
    });
  });

  // The other language: the same section, and the choice is kept.
  const sections = find("article section[id]").filter((s) =>
    [...s.children].some((c) => /^H[1-4]$/.test(c.tagName)),
  );
  const headings = () =>
    sections.filter((s) => s.getBoundingClientRect().top < innerHeight / 3);
  find("a.other").forEach((link) => {
    const page = link.getAttribute("href");
    const aim = () => {
      const here = headings().pop();
      const label = here ? sharedLabel(here) : "";
      link.href = page + location.search + (label && "#" + label);
    };
    ["pointerenter", "focus", "click"].forEach((event) =>
      link.addEventListener(event, aim),
    );
    link.addEventListener("click", () => remember("language", link.dataset.language));
  });
  // A section has a name made from its title; the label, if it has one, is the same in
  // both languages. Without one, the nearest section around it leads; the page has none.
  function sharedLabel(section) {
    const labelled = section.closest("section[data-label]");
    const inner = labelled && labelled.parentElement.closest("section");
    return inner ? labelled.dataset.label : "";
  }

  // The section in view, in the list of the page's sections.
  const links = new Map(find(".rail a").map((a) => [anchorOf(a.hash), a]));
  if (links.size && "IntersectionObserver" in window) {
    const mark = () => {
      const here = headings().filter((s) => links.has(s.id)).pop();
      links.forEach((a, id) =>
        here && id === here.id
          ? a.setAttribute("aria-current", "true")
          : a.removeAttribute("aria-current"),
      );
    };
    const observer = new IntersectionObserver(mark, { rootMargin: "0px 0px -66% 0px" });
    sections.forEach((s) => observer.observe(s));
  }

  // Copy the code of a cell.
  const texts = document.documentElement.dataset;
  find("article .highlight").forEach((box) => {
    const code = box.querySelector("pre");
    if (!code || !navigator.clipboard || box.closest(".cell_output")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = texts.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent.trimEnd() + "\n");
      button.textContent = texts.copied;
      setTimeout(() => (button.textContent = texts.copy), 1500);
    });
    box.append(button);
  });

  // What scrolls in itself can be reached by keyboard; what does not is no stop.
  // A shadow says that there is more to the right.
  const boxes = find(".table-box, pre, .picture-box, .formula, .math.long");
  const shade = (box) =>
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  const reach = () =>
    boxes.forEach((box) => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      shade(box);
    });
  boxes.forEach((box) =>
    box.addEventListener("scroll", () => shade(box), { passive: true }),
  );
  addEventListener("resize", reach);
  addEventListener("load", reach);
  document.addEventListener("toggle", reach, true);
  reach();

  // A term shows its box while it is pointed at or focused; a first tap shows the box,
  // a second one follows the link. The browser closes the box on Escape.
  const margin = 6;
  const place = (box, term, line) => {
    const { width, height } = box.getBoundingClientRect();
    const words = term.getBoundingClientRect();
    const page = document.documentElement;
    const left = Math.min(line.left, page.clientWidth - width - 2 * margin);
    const below = words.bottom + margin;
    const above = words.top - margin - height;
    const top = below + height > page.clientHeight && above > 0 ? above : below;
    box.style.left = Math.max(left, margin) + scrollX + "px";
    box.style.top = top + scrollY + "px";
  };
  find("a.term").forEach((term) => {
    const box = document.getElementById(term.getAttribute("aria-describedby"));
    if (!box || !box.showPopover) return;
    const isOpen = () => box.matches(":popover-open");
    let timer;
    const open = (line) => {
      clearTimeout(timer);
      if (isOpen()) return;
      box.showPopover();
      place(box, term, line);
    };
    const later = (action, delay) => {
      clearTimeout(timer);
      timer = setTimeout(action, delay);
    };
    const close = () => isOpen() && box.hidePopover();
    // A term may be broken over two lines: the box begins where the one pointed at does.
    const lineAt = (y) =>
      [...term.getClientRects()].find((line) => y <= line.bottom) || term.getBoundingClientRect();
    [term, box].forEach((element) => {
      element.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "touch") return;
        const line = lineAt(event.clientY);
        isOpen() ? clearTimeout(timer) : later(() => open(line), 200);
      });
      element.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch") later(close, 300);
      });
    });
    term.addEventListener("focus", () => {
      if (term.matches(":focus-visible")) open(lineAt(0));
    });
    term.addEventListener("blur", close);
    let firstTap = false;
    term.addEventListener("pointerdown", (event) => {
      firstTap = event.pointerType === "touch" && !isOpen();
    }, true);
    term.addEventListener("click", (event) => {
      if (!firstTap) return;
      firstTap = false;
      event.preventDefault();
      open(lineAt(event.clientY));
    });
  });

  // The place that an address names; what was typed or cut may be no encoding: #50%.
  function anchorOf(hash) {
    try {
      return decodeURIComponent(hash.slice(1));
    } catch {
      return hash.slice(1);
    }
  }

  // A link into a folded solution opens it; paper shows all.
  const unfold = () => {
    const target = document.getElementById(anchorOf(location.hash));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details"))
      box.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = find("article details:not([open])");
    folded.forEach((box) => (box.open = true));
  });
  addEventListener("afterprint", () => folded.forEach((box) => (box.open = false)));

  // "/" goes to the search field.
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, [contenteditable]")) return;
    const field = find("input[type=search]").find((input) => input.offsetParent);
    if (field) {
      event.preventDefault();
      field.focus();
    }
  });
})();
