// Attention: choose a token, a layer and a head; bars say where the head looks.
if (!customElements.get("attention-explorer")) {
  customElements.define("attention-explorer", class extends Explorer {
    build(live) {
      const { d } = this;
      if (d.settings.length) this.slider = this.range(live, `${d.setting} =`, d.settings, "layer");
      else if (d.layers > 1) this.layers = this.choice(live, d.text.layer, this.count(d.layers), "layer");
      if (d.queries.length > 1) this.asking = this.choice(live, d.text.asking, d.queries, "query");
      this.heading = make("p", live, {}, "name");
      const keys = make("div", live, { ariaHidden: "true" }, "keys");
      this.keys = d.keys.map((token) => {
        const key = make("div", keys, {}, "key");
        const share = make("b", key);
        const bar = make("i", make("div", key, {}, "bar"));
        make("span", key, { textContent: token });
        return { key, share, bar };
      });
      this.fit(keys);
      this.says = make("p", live, { ariaLive: "polite" }, "says");
      if (d.heads > 1) this.overview(live);
    }
    // Bars are equally wide and stay in one row: words too long for their bar are turned.
    // What is decided depends on the row's own width alone: the width of a bar changes with
    // what was decided, and would have it decided again, for ever.
    fit(keys) {
      let width = 0;
      const turn = () => {
        if (keys.clientWidth === width) return;
        width = keys.clientWidth;
        keys.classList.remove("upright", "thin");
        const bar = keys.firstChild.clientWidth, share = keys.firstChild.firstChild;
        const narrow = bar < 3.1 * parseFloat(getComputedStyle(share).fontSize); // 100 %
        keys.classList.toggle("upright", [...keys.querySelectorAll("span")].some((e) => e.offsetWidth > bar + 2));
        keys.classList.toggle("thin", narrow);
      };
      new ResizeObserver(() => requestAnimationFrame(turn)).observe(keys);
    }
    count(n) { return Array.from({ length: n }, (_, i) => String(i + 1)); }
    overview(parent) {
      const { d } = this;
      const name = d.names.length ? d.text.headsNamed : d.text.heads;
      make("p", parent, { textContent: name }, "name");
      const grid = make("div", parent, { ariaLabel: name }, "heads");
      const strips = [];
      const buttons = (d.names.length ? d.names : this.count(d.heads)).map((n) => {
        const button = make("button", grid, { textContent: n });
        const strip = make("div", grid, { ariaHidden: "true" }, "strip");
        d.keys.forEach(() => make("i", strip));
        strips.push(strip);
        return button;
      });
      make("span", grid);
      const ends = make("div", grid, { ariaHidden: "true" }, "strip ends");
      d.keys.forEach((token) => make("span", ends, { textContent: token }));
      this.rows = this.radios(grid, buttons, "head", strips);
      this.strips = strips.map((strip) => [...strip.children]);
    }
    weights(head) {
      const { d } = this, n = d.keys.length;
      const start = ((d.at.layer * d.heads + head) * d.queries.length + d.at.query) * n;
      return d.weights.slice(start, start + n);
    }
    fill(text, parts) { return text.replace(/\{(\w+)\}/g, (_, name) => parts[name]); }
    list(tokens) {
      const { text } = this.d, quoted = tokens.map((token) => this.fill(text.quoted, { token }));
      const last = quoted.pop();
      return quoted.length ? this.fill(text.and, { some: quoted.join(", "), last }) : last;
    }
    // A weight that is NaN, not a number, comes as null.
    percent(w) { return w === null ? "NaN" : (w > 0 && w < 5 ? "<1" : Math.round(w / 10)) + this.d.text.percent; }
    // What one head does, in words: the keys with the two largest weights, or that
    // weights are equal. explorer.py says the same, word for word, for paper.
    tell(head) {
      const { d } = this, w = this.weights(head);
      const [a, b] = w.map((_, i) => i).sort((i, j) => w[j] - w[i]);
      const seen = w.filter((x) => x);
      const tied = d.keys.filter((_, i) => w[i] && w[i] === w[b] && (i !== a || w[a] === w[b]));
      const lost = d.keys.filter((_, i) => w[i] === null);
      const kind = lost.length ? (lost.length === w.length ? "nan" : "nanSome") : !w[a] ? "none" : seen.length === 1 ? "one"
        : w[a] > w[b] ? (tied.length > 1 ? "thenTies" : "two")
        : seen.length === 2 ? "tie" : tied.length === seen.length ? "equal"
        : tied.length === 2 ? "tie" : "ties";
      const parts = {
        token: d.queries[d.at.query], number: seen.length,
        first: d.keys[a], share1: this.percent(w[a]),
        second: d.keys[b], share2: b === undefined ? "" : this.percent(w[b]),
        tied: this.list(lost.length ? lost : tied),
      };
      return this.fill(d.text[kind], parts);
    }
    show() {
      const { d } = this, { at } = d, w = this.weights(at.head), top = Math.max(...w);
      if (this.slider) this.slider(d.settings[at.layer]);
      this.mark([this.layers, this.asking, this.rows]);
      const looks = d.heads === 1 ? "looksOne" : d.names.length ? "looksNamed" : "looks";
      this.heading.textContent = this.fill(d.text[looks], { head: d.names[at.head] ?? at.head + 1 });
      this.keys.forEach(({ key, share, bar }, i) => {
        share.textContent = this.percent(w[i]);
        bar.style.height = w[i] / 10 + "%";
        key.classList.toggle("top", w[i] > 0 && w[i] === top);
      });
      this.says.textContent = this.tell(at.head);
      this.strips && this.strips.forEach((cells, head) => {
        const row = this.weights(head);
        cells.forEach((cell, i) => {
          cell.classList.toggle("nan", row[i] === null);
          cell.style.background = `color-mix(in oklab, var(--strong) ${row[i] / 10}%, transparent)`;
        });
        const name = d.names.length ? `${d.names[head]}.` : d.text.head.replace("{head}", head + 1);
        this.rows.buttons[head].ariaLabel = `${name} ${this.tell(head)}`;
      });
    }
  });
}
