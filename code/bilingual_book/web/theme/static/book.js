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

  // Where there is no list beside the text, one line says which section is read and how
  // far one is; the header makes room for it while one reads on.
  const line = find("details.here")[0];
  if (line) {
    const root = document.documentElement;
    const [now, far] = line.querySelectorAll(".now, .far");
    const named = [...line.querySelectorAll("nav > ul > li > a")];
    const places = named.map((a) => document.getElementById(anchorOf(a.hash)));
    const nothing = now.textContent;
    const top = line.previousElementSibling || line.parentElement;
    let last = scrollY;
    let due = false;
    const tell = () => {
      due = false;
      const end = root.scrollHeight - innerHeight;
      line.style.setProperty("--read", end > 0 ? Math.min(scrollY / end, 1) : 1);
      const at = places.findLastIndex((s) => s && s.getBoundingClientRect().top < innerHeight / 3);
      now.textContent = at < 0 ? nothing : named[at].textContent;
      far.textContent = at < 0 ? "" : `${at + 1}/${named.length}`;
      const begun = top.getBoundingClientRect().bottom < 0;
      if (Math.abs(scrollY - last) > 4 || !begun)
        root.classList.toggle("reading", begun && scrollY > last && !line.open);
      last = scrollY;
    };
    const soon = () => {
      if (!due) requestAnimationFrame(tell);
      due = true;
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    soon();
    const close = () => (line.open = false);
    line.querySelector("nav").addEventListener("click", (event) => event.target.closest("a") && close());
    document.addEventListener("click", (event) => line.contains(event.target) || close());
    line.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !line.open) return;
      close();
      line.querySelector("summary").focus();
    });
  }

  const texts = document.documentElement.dataset;
  const icons = {
    copy: "M9 9h11v11H9zM15 5V4H4v11h1",
    done: "M5 13l4 4L19 7",
    enlarge: "M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7",
    close: "M6 6l12 12M18 6 6 18",
  };
  const iconButton = (kind, name) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `over ${kind}`;
    button.title = name;
    button.setAttribute("aria-label", name);
    button.innerHTML = `<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><path d="${icons[kind]}"/></svg>`;
    return button;
  };

  // On a telephone long lines of code go on below; a reader may let them scroll instead.
  find(".code-wraps").forEach((label) => {
    const box = label.querySelector("input");
    label.hidden = false;
    box.checked = texts.code !== "scroll";
    box.addEventListener("change", () => {
      texts.code = box.checked ? "" : "scroll";
      remember("code", texts.code);
      dispatchEvent(new Event("resize")); // what scrolls now must be reachable
    });
  });

  // Copy the code of a cell; a single line is quicker to select.
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("role", "status");
  document.body.append(said);
  find("article .highlight").forEach((box) => {
    const code = box.querySelector("pre");
    if (!code || !navigator.clipboard || box.closest(".cell_output")) return;
    const text = code.textContent.trimEnd() + "\n";
    if (text.indexOf("\n") === text.length - 1) return;
    const button = iconButton("copy", texts.copy);
    const show = (done) => {
      button.querySelector("path").setAttribute("d", icons[done ? "done" : "copy"]);
      said.textContent = done ? texts.copied : "";
    };
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      show(true);
      setTimeout(show, 1500, false);
    });
    box.append(button);
  });

  // "Cite this page" copies; an error is reported with the section that is in view.
  if (navigator.clipboard)
    find("[data-copies]").forEach((button) => {
      button.parentElement.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
        said.textContent = texts.copied;
        button.classList.add("done");
        setTimeout(() => (said.textContent = "", button.classList.remove("done")), 1500);
      });
    });
  // The section before the pointer came to the foot of the page: where one stopped last.
  let stayed = "";
  addEventListener("scroll", () => {
    const foot = find("footer")[0].getBoundingClientRect().top;
    if (foot > innerHeight) stayed = (headings().pop() || {}).id || "";
  }, { passive: true });
  find("a.report").forEach((link) => {
    const [href, page] = [link.href, encodeURIComponent(link.dataset.address)];
    const aim = () => (link.href = stayed ? href.replace(page, page + encodeURIComponent("#" + stayed)) : href);
    ["pointerenter", "focus", "click"].forEach((event) => link.addEventListener(event, aim));
  });

  // A figure fills the window when it is asked to: as wide as fits, or as it was drawn.
  let shown;
  const enlarge = (picture, name) => {
    if (!shown) {
      shown = document.createElement("dialog");
      shown.className = "enlarged";
      shown.append(iconButton("close", texts.close), document.createElement("div"));
      shown.firstChild.addEventListener("click", () => shown.close());
      shown.lastChild.addEventListener("click", (e) => e.target.tagName !== "IMG" && shown.close());
      document.body.append(shown);
    }
    const [width, height] = ["width", "height"].map((side) => Number(picture.getAttribute(side)));
    const fits = Math.min(innerWidth - 32, ((innerHeight - 80) * width) / height);
    const copy = new Image();
    Object.assign(copy, { src: picture.src, alt: picture.alt });
    copy.style.width = `${Math.max(fits, width)}px`;
    shown.lastChild.replaceChildren(copy);
    shown.setAttribute("aria-label", name);
    shown.showModal();
  };
  find("article figure .picture-box").forEach((box) => {
    const picture = box.querySelector("img[width]");
    if (!picture || !window.HTMLDialogElement) return;
    const number = box.parentElement.querySelector(".caption-number");
    const name = [texts.enlarge, number && number.textContent.trim()].filter(Boolean).join(" – ");
    const button = iconButton("enlarge", name);
    [button, picture].forEach((e) => e.addEventListener("click", () => enlarge(picture, name)));
    box.after(button);
  });

  // What scrolls in itself can be reached by keyboard; what does not is no stop, not even
  // where part of a pixel is too much.
  // A shadow says that there is more to the right.
  const boxes = find(".table-box, pre, .picture-box, .formula, .math.long");
  const hasMore = (box) => box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
  const shade = (box) => box.classList.toggle("more", hasMore(box));
  // First all are measured, then all are changed: one after the other would lay the whole
  // page out again for each. What a fold hides is measured when it opens.
  const reach = () =>
    boxes
      .filter((box) => !box.checkVisibility || box.checkVisibility())
      .map((box) => [box, box.scrollWidth > box.clientWidth, hasMore(box)])
      .forEach(([box, scrolls, more]) => {
        if (scrolls) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
        box.style.overflowX = scrolls ? "" : "hidden";
        box.classList.toggle("more", more);
      });
  boxes.forEach((box) =>
    box.addEventListener("scroll", () => shade(box), { passive: true }),
  );
  addEventListener("resize", reach);
  addEventListener("load", reach);
  document.addEventListener("toggle", reach, true);
  reach();

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

  // What answers, an explorer or a quiz, brings its script when it comes near from below;
  // one that lies above stays as it is, so that nothing moves what one reads. A page that
  // opens elsewhere than at its top has all of them already: see layout.html.
  find("script[data-near]:not([src])").forEach((named) => {
    const bring = () => {
      const script = document.createElement("script");
      Object.assign(script.dataset, named.dataset);
      script.src = named.dataset.src;
      named.replaceWith(script);
    };
    if (!("IntersectionObserver" in window)) return bring();
    const observer = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      bring();
    }, { rootMargin: "0px 0px 100% 0px" });
    find(named.dataset.near).forEach((element) => observer.observe(element));
  });

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
