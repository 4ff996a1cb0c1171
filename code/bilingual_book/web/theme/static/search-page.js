// The page of the search: what is typed, what is found, and what is said of it.
(() => {
  const field = document.getElementById("query");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const meant = document.getElementById("meant");
  const more = document.getElementById("more");
  const texts = JSON.parse(list.dataset.texts);
  const { search, pieces, excerpt, pages } = bookSearch(bookIndex, texts.kinds);
  const step = 30;
  let shown = step;

  const element = (name, ...inside) => {
    const made = document.createElement(name);
    made.append(...inside);
    return made;
  };
  const marked = (text, words) =>
    pieces(text, words).map((piece) =>
      piece.hit === undefined ? piece.text : element("mark", piece.text));
  const holds = (text, words) =>
    new Set(pieces(text, words).map((piece) => piece.hit).filter((hit) => hit >= 0)).size;
  // Of a section and its folds, what holds most of the words; failing these, a line of code.
  const item = ([page, anchor, title, number, text, code, folds], words) => {
    const address = (name) => page + ".html" + (name && "#" + name);
    const parts = [[anchor, "", text, code], ...folds]
      .map((part) => ({ part, worth: 2 * holds(part[2], words) + (holds(part[3], words) > 0) }));
    const [inside, fold, body, listing] =
      parts.reduce((best, one) => (one.worth > best.worth ? one : best)).part;
    const link = element("a", ...marked(title, words));
    link.href = address(anchor);
    const place = element("small", [number, anchor && pages[page]].filter(Boolean).join(" · "));
    if (fold) {
      const within = element("a", fold);
      within.href = address(inside);
      place.append(" · ", within);
    }
    const line = !holds(body, words) && listing.split("\n").find((one) => holds(one, words));
    const shown = line
      ? element("code", ...marked(line.trim(), words))
      : element("span", ...marked(excerpt(body, words), words));
    return element("li", link, place, element("p", shown));
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const say = ({ results, whole, words, missing }) => {
    const n = results.length;
    const found = n < 2 ? [texts.none, texts.one][n] : fill(texts.many, { n });
    const parts = words.length > 1 && whole < n ? [fill(texts.parts, { whole, rest: n - whole })] : [found];
    if (missing.length && n) parts.push(fill(texts.missing, { words: missing.join(", ") }));
    return parts.join(" ");
  };
  // What the query would be without its typing errors: the results are those already.
  const mend = (text, mended) => {
    meant.replaceChildren();
    if (!mended.size) return;
    const right = text.normalize("NFKC").toLowerCase().normalize("NFC").split(/([^\p{L}\p{N}]+)/u)
      .map((one) => mended.get(one) || one).join("");
    const link = element("a", right);
    link.href = "?q=" + encodeURIComponent(right);
    const [start, end] = texts.meant.split("{query}");
    meant.append(start, link, end);
  };

  const show = () => {
    const text = field.value.trim();
    const answer = search(text);
    const { results, words } = answer;
    list.replaceChildren(...results.slice(0, shown).map((place) => item(place, words)));
    count.textContent = text ? say(answer) : "";
    mend(text, answer.mended);
    more.hidden = results.length <= shown;
    more.textContent = fill(texts.more, { n: Math.min(step, results.length - shown) });
  };
  const start = () => {
    shown = step;
    show();
  };

  field.value = new URLSearchParams(location.search).get("q") || "";
  field.addEventListener("input", start);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      history.replaceState(null, "", "?q=" + encodeURIComponent(field.value.slice(0, 1000)));
    } catch {} // not allowed from disk
    start();
  });
  more.addEventListener("click", () => {
    const first = shown;
    shown += step;
    show();
    list.children[first].querySelector("a").focus();
  });
  start();
  if (!field.value) field.focus();
})();
