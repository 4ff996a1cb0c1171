// Which sections a query leads to, in which order, and what is shown of them. Nothing
// here knows of the page: the index comes from sphinx_ext/search, the stemmer from Sphinx.
const bookSearch = (index, kinds) => {
  const { pages, sections, terms, definitions, numbered } = index;
  const stemmer = new Stemmer();
  const stopped = new Set(index.stopped);

  // Words are cut, and their letters reduced, as in search/words.py. A pasted text counts
  // by its beginning.
  const longest = 1000, most = 32, letters = 64;
  const apostrophes = /[\u02b9-\u02bd\u2018\u2019\u201b\u2032\u00b4\u0060]/g;
  const word = /[\p{L}\p{N}]+(?:_[\p{L}\p{N}]+)*/gu;
  const simple = (text) =>
    text.replace(apostrophes, "'").normalize("NFKC").toLowerCase().normalize("NFC");
  const plain = (text) =>
    text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae")
      .normalize("NFD").replace(/\p{M}/gu, "");
  const ending = (text) => plain(text).replace(/([iou])s$/, "$1");
  const split = (text) => simple(text).match(word) || [];
  const typedWords = (text) =>
    [...new Set(split(text.slice(0, longest)))].slice(0, most).map((one) => one.slice(0, letters));
  const keys = new Map();
  const key = (text) => {
    if (!keys.has(text))
      keys.set(text, text.includes("_") ? plain(text) : ending(stemmer.stemWord(text.replace(/ions$/, "ion"))));
    return keys.get(text);
  };
  const telling = (words) => words.filter((one) => !stopped.has(key(one)));
  const phrase = (words) => [...new Set(words.map(key))].sort().join(" ");

  // The terms of the index that a word finds, each with how well. One that is found
  // nowhere as it is, such as one that is still being typed, counts by its beginning.
  const found = (text) => {
    const hits = new Map();
    const start = ending(text);
    for (const form of [key(text), key(plain(text)), start])
      if (Object.hasOwn(terms, form)) hits.set(form, 1);
    if (!hits.size && start.length > 2)
      for (const term in terms) if (term.startsWith(start)) hits.set(term, 0.4);
    return hits;
  };

  // A word with one letter more, less, other or in its neighbour's place is the most
  // frequent of those that it can be.
  let vocabulary;
  const written = () => {
    if (!vocabulary) {
      vocabulary = new Map();
      for (const [, , title, , text, , folds] of sections)
        for (const one of split([title, text, ...folds.flat()].join(" ")))
          vocabulary.set(one, (vocabulary.get(one) || 0) + 1);
    }
    return vocabulary;
  };
  const isNear = (a, b) => {
    const short = Math.min(a.length, b.length);
    if (Math.max(a.length, b.length) - short > 1) return false;
    let start = 0, end = 0;
    while (start < short && a[start] === b[start]) start++;
    while (end < short - start && a.at(-1 - end) === b.at(-1 - end)) end++;
    const [x, y] = [a, b].map((text) => text.slice(start, text.length - end));
    return (x.length < 2 && y.length < 2) || (x.length === 2 && x === y[1] + y[0]);
  };
  const meant = (text) => {
    let best = "", times = 0;
    written().forEach((count, other) => {
      const same = plain(other) === plain(text); // but for its accents
      const weight = same ? Infinity : count;
      if (weight > times && (same || (text.length > 3 && isNear(plain(text), plain(other)))))
        [best, times] = [other, weight];
    });
    return best;
  };

  // A query in words that are found: those that say nothing are left out, a name that
  // the book does not know falls into its parts, a mistyped word is mended.
  const read = (text) => {
    const typed = typedWords(text);
    const words = [], mended = new Map(), missing = [];
    const add = (one) => {
      const hits = found(one);
      if (hits.size) return words.push({ text: one, hits });
      if (one.includes("_")) return one.split("_").forEach(add);
      const other = meant(one);
      if (!other) return missing.push(one);
      if (plain(other) !== plain(one)) mended.set(one, other);
      words.push({ text: other, hits: found(other) });
    };
    const used = telling(typed).length ? telling(typed) : typed;
    used.forEach(add);
    // "layer norm" is LayerNorm too.
    words.slice(1).forEach((second, i) => {
      const both = key(words[i].text + second.text);
      if (Object.hasOwn(terms, both)) [words[i], second].forEach(({ hits }) => hits.set(both, 1));
    });
    return { words, mended, missing };
  };

  // A number of the book: "4.3", "figure 4.3", "(4.3)", "§ 4.3".
  const places = (text) => {
    const asked = simple(text).trim().match(/^(?:(\p{L}+)\.?|§)?\s*\(?(\d+(?:\.\d+)*)\)?$/u);
    if (!asked) return [];
    const [, name, number] = asked;
    const kind = Object.keys(kinds).find((one) => kinds[one].includes(name));
    if (name && !kind) return [];
    const all = sections.map((section) => ["section", ...section]);
    for (const [one, dotted, page, anchor, text] of numbered)
      all.push([one, page, anchor, `${kinds[one][0]} ${dotted}`, dotted, text, "", []]);
    return all
      .filter((place) => place[4] === number)
      .sort((x, y) => (y[0] === kind) - (x[0] === kind))
      .map((place) => place.slice(1));
  };

  // A word that a third of all sections hold says too little to be asked of a section.
  const common = ({ hits }) =>
    [...hits.keys()].some((term) => terms[term].length / 2 > sections.length / 3);
  // Sections with all words come before those with some. The words of a page's title are
  // said of each of its sections. What a term's row names as its explanation comes first,
  // then the page that is called as the query is.
  const titles = sections.map(([, , title]) => telling(split(title)));
  const titleTerms = titles.map((words) => new Set(words.map(key)));
  const tops = {};
  sections.forEach(([page, anchor], number) => anchor || (tops[page] = number));
  const CALLED = 3, IN_ORDER = 1.5, FIRST = 1e6;
  const rank = (words) => {
    const totals = new Map();
    words.forEach(({ hits }, i) => {
      const scores = new Map();
      hits.forEach((factor, term) => {
        const flat = terms[term];
        for (let j = 0; j < flat.length; j += 2)
          scores.set(flat[j], Math.max(scores.get(flat[j]) || 0, flat[j + 1] * factor));
      });
      scores.forEach((score, number) => {
        const total = totals.get(number) || { number, score: 0, with: new Set() };
        total.score += score;
        total.with.add(i);
        totals.set(number, total);
      });
    });
    const asked = words.map((one) => one.text);
    const whole = phrase(asked), inOrder = asked.map(key).join(" ");
    const explained = Object.hasOwn(definitions, whole) ? definitions[whole] : -1;
    if (explained >= 0 && !totals.has(explained))
      totals.set(explained, { number: explained, score: 0, with: new Set() });
    for (const total of totals.values()) {
      const { number } = total;
      const above = titleTerms[tops[sections[number][0]]];
      words.forEach(({ hits }, i) => {
        if ([...hits.keys()].some((term) => above.has(term))) total.with.add(i);
      });
      if (phrase(titles[number]) === whole && !sections[number][1]) total.score *= CALLED;
      else if (words.length > 1 && titles[number].map(key).join(" ").includes(inOrder))
        total.score *= IN_ORDER;
      if (number === explained) {
        total.score += FIRST;
        words.forEach((_, i) => total.with.add(i));
      }
    }
    const sure = (total) => [...total.with].filter((i) => !common(words[i])).length;
    return [...totals.values()].sort(
      (x, y) => sure(y) - sure(x) || y.score - x.score || x.number - y.number,
    );
  };

  // What a query finds: places (page, anchor, title, number, text, code), how many have
  // all its words, and what became of those words.
  const search = (text) => {
    const exact = places(text);
    const { words, mended, missing } = exact.length ? { words: [], mended: new Map(), missing: [] } : read(text);
    const ranked = rank(words);
    return {
      results: [...exact, ...ranked.map(({ number }) => sections[number])],
      whole: exact.length + ranked.filter((total) => total.with.size === words.length).length,
      words, mended, missing,
    };
  };

  // A text in pieces; a piece that holds a word of the query has its number.
  const pieces = (text, words) => {
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(word)) {
      const one = simple(match[0]);
      const forms = [one, ...(one.includes("_") ? one.split("_") : [])].map(key);
      const hit = words.findIndex(({ hits }) => forms.some((form) => hits.has(form)));
      if (hit < 0) continue;
      parts.push({ text: text.slice(end, match.index) }, { text: match[0], hit });
      end = match.index + match[0].length;
    }
    return [...parts, { text: text.slice(end) }];
  };

  // The stretch of a text that holds most words of the query.
  const wide = 160, before = 40;
  const excerpt = (text, words) => {
    let at = 0, best = 0, position = 0;
    const hits = [];
    for (const piece of pieces(text, words)) {
      if (piece.hit !== undefined) hits.push([position, piece.hit]);
      position += piece.text.length;
    }
    hits.forEach(([start], i) => {
      const near = hits.slice(i, i + 12).filter(([place]) => place < start + wide - before);
      const count = new Set(near.map(([, hit]) => hit)).size;
      if (count > best) [at, best] = [start, count];
    });
    let from = at < wide - before ? 0 : text.lastIndexOf(" ", at - before) + 1;
    const sentence = text.slice(from, at).search(/[.!?…] \S*(?=[^.!?…]*$)/);
    if (from && sentence >= 0) from += sentence + 2;
    const until = text.length - from <= wide ? text.length : text.lastIndexOf(" ", from + wide);
    const cut = text.slice(from, Math.max(until, at));
    return (from ? "… " : "") + cut + (from + cut.length < text.length ? " …" : "");
  };
  return { search, pieces, excerpt, pages, typedWords, plain };
};
