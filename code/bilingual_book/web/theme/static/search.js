// Search by section, in the page: the index is a script, so it also works from disk.
(() => {
  const { pages, sections, terms } = bookIndex;
  const stemmer = new Stemmer();
  const field = document.getElementById("query");
  const list = document.getElementById("results");
  const count = document.getElementById("count");
  const all = Object.keys(terms);
  const apostrophes = /[\u02b9-\u02bd\u2018\u2019\u201b\u2032\u00b4\u0060]/g;
  const plain = (word) =>
    word.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae")
      .normalize("NFD").replace(/\p{M}/gu, "");
  const ending = (word) => plain(word).replace(/([iou])s$/, "$1");
  // A pasted text counts by its beginning; its letters as search_index.py writes them.
  const longest = 1000, most = 32, letters = 64;
  const split = (text) => {
    const simple = text.slice(0, longest).replace(apostrophes, "'").normalize("NFKC");
    const words = simple.toLowerCase().normalize("NFC").match(/[\p{L}\p{N}]+/gu) || [];
    return words.slice(0, most).map((word) => word.slice(0, letters));
  };

  // What a word finds: sections with their weights. The stem counts whole; a word that
  // is still being typed counts by its beginning, less.
  const found = (word, last) => {
    const scores = new Map();
    const add = (term, factor) => {
      const flat = Object.hasOwn(terms, term) ? terms[term] : [];
      for (let i = 0; i < flat.length; i += 2)
        scores.set(flat[i], Math.max(scores.get(flat[i]) || 0, flat[i + 1] * factor));
    };
    const forms = new Set(
      [stemmer.stemWord(word), stemmer.stemWord(plain(word)), word]
        .map(ending),
    );
    forms.forEach((form) => add(form, 1));
    if (last || !scores.size) {
      const start = ending(word);
      if (start.length > 2)
        all.filter((term) => term.startsWith(start)).forEach((term) => add(term, 0.4));
    }
    return scores;
  };

  const search = (text) => {
    const words = split(text);
    const totals = new Map();
    words.forEach((word, i) => {
      found(word, i === words.length - 1).forEach((score, section) => {
        const total = totals.get(section) || { score: 0, words: 0 };
        totals.set(section, { score: total.score + score, words: total.words + 1 });
      });
    });
    return [...totals]
      .sort(([a, x], [b, y]) => y.words - x.words || y.score - x.score || a - b)
      .slice(0, 30)
      .map(([section]) => sections[section]);
  };

  const show = () => {
    const text = field.value.trim();
    const results = text ? search(text) : [];
    list.replaceChildren(
      ...results.map(([page, anchor, title, excerpt]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = page + ".html" + (anchor && "#" + anchor);
        link.textContent = title;
        const place = document.createElement("small");
        place.textContent = anchor ? pages[page] : "";
        const start = document.createElement("p");
        start.textContent = excerpt;
        item.append(link, place, start);
        return item;
      }),
    );
    const { none, one, many } = count.dataset;
    count.textContent = !text ? "" : results.length === 0 ? none
      : results.length === 1 ? one : many.replace("{n}", results.length);
  };

  field.value = new URLSearchParams(location.search).get("q") || "";
  field.addEventListener("input", show);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      history.replaceState(null, "", "?q=" + encodeURIComponent(field.value.slice(0, longest)));
    } catch {} // not allowed from disk
    show();
  });
  show();
  if (!field.value) field.focus();
})();
