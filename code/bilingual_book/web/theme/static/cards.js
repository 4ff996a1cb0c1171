// Cards: beside a term, a citation, the number of a figure, a table or a formula, what it is.
// A card opens while its link is pointed at or focused; a first tap opens it, a second one
// follows the link. The browser closes it on Escape. Without scripts a link leads there.
(() => {
  const article = document.querySelector("article");
  if (!article || !article.showPopover) return;
  const margin = 6;

  const element = (name, ...inside) => {
    const made = document.createElement(name);
    made.append(...inside);
    return made;
  };
  const copy = (original) => {
    const made = original.cloneNode(true);
    [made, ...made.querySelectorAll("[id]")].forEach((inner) => inner.removeAttribute("id"));
    made.querySelectorAll(".headerlink").forEach((mark) => mark.remove());
    return made;
  };
  // What stands in a card; of another page, its number and where it is.
  const content = (link) => {
    if (link.title) return [element("p", link.title)];
    const [page, anchor] = link.getAttribute("href").split("#");
    const target = !page && document.getElementById(anchor);
    if (!target) {
      const title = document.querySelector(`#contents a[href="${page}"]`);
      return [element("p", element("b", link.textContent), ` · ${title ? title.textContent : page}`)];
    }
    const formula = target.querySelector(".formula, math");
    if (target.matches(".math") && formula) return [copy(formula)];
    if (target.matches("table")) return [copy(target)];
    const picture = target.querySelector("picture, img");
    const caption = target.querySelector("figcaption p");
    const words = caption && copy(caption);
    const shown = picture && copy(picture);
    if (shown) (shown.querySelector("img") || shown).loading = "eager"; // it is asked for
    return [shown, words].filter(Boolean);
  };
  let count = 0;
  const make = (link) => {
    const described = document.getElementById(link.getAttribute("aria-describedby"));
    if (described) return described;
    const card = element("div", ...content(link));
    card.id = `card-${(count += 1)}`;
    card.className = "about-term card";
    card.setAttribute("role", "tooltip");
    card.setAttribute("popover", "auto");
    article.append(card);
    link.removeAttribute("title"); // the card says it
    link.setAttribute("aria-describedby", card.id);
    return card;
  };

  const place = (card, link, line) => {
    const { width, height } = card.getBoundingClientRect();
    const words = link.getBoundingClientRect();
    const page = document.documentElement;
    const left = Math.min(line.left, page.clientWidth - width - 2 * margin);
    const below = words.bottom + margin;
    const above = words.top - margin - height;
    const top = below + height > page.clientHeight && above > 0 ? above : below;
    card.style.left = Math.max(left, margin) + scrollX + "px";
    card.style.top = top + scrollY + "px";
  };
  const serve = (link) => {
    let card, timer;
    const isOpen = () => card && card.matches(":popover-open");
    const later = (action, delay) => {
      clearTimeout(timer);
      timer = setTimeout(action, delay);
    };
    const close = () => isOpen() && card.hidePopover();
    const open = (line) => {
      clearTimeout(timer);
      if (isOpen()) return;
      if (!card) {
        card = make(link);
        watch(card);
      }
      card.showPopover();
      place(card, link, line);
    };
    // A link may be broken over two lines: the card begins where the one pointed at does.
    const lineAt = (y) =>
      [...link.getClientRects()].find((line) => y <= line.bottom) || link.getBoundingClientRect();
    const watch = (pointed) => {
      pointed.addEventListener("pointerenter", (event) => {
        if (event.pointerType === "touch") return;
        const line = lineAt(event.clientY);
        isOpen() ? clearTimeout(timer) : later(() => open(line), 200);
      });
      pointed.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch") later(close, 300);
      });
    };
    watch(link);
    link.addEventListener("focus", () => {
      if (link.matches(":focus-visible")) open(lineAt(0));
    });
    link.addEventListener("blur", close);
    let firstTap = false;
    link.addEventListener("pointerdown", (event) => {
      firstTap = event.pointerType === "touch" && !isOpen();
    }, true);
    link.addEventListener("click", (event) => {
      if (!firstTap) return;
      firstTap = false;
      event.preventDefault();
      open(lineAt(event.clientY));
    });
  };
  const served = [
    "a.term",
    "a.reference[title]",
    'a.reference[href*="#fig-"]',
    'a.reference[href*="#tab-"]',
    'a.reference[href*="#equation-"]',
  ];
  article.querySelectorAll(served.join()).forEach(serve);
})();
