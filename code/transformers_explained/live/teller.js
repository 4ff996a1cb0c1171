// The teller of tales: a beginning, the distribution of the next token, and how one
// weight of the attention comes about.
if (!customElements.get("live-teller")) {
  const SHOWN = 8, SEEN = 10, WRITTEN = 30; // tokens: to choose from, of the map, at once
  const TOP_K = [1, 2, 3, 5, 10, 20, 50, 100, Infinity];
  customElements.define("live-teller", class extends LivePanel {
    build(live) {
      const { text } = this.d, { config } = this.model;
      this.engine = new LanguageModel(this.model);
      this.tokens = new BytePairs(this.model);
      this.at = this.d.at = { layer: 0, head: 0, query: 0, key: 0 };
      this.random = Math.random;
      const label = make("label", live, { textContent: text.write });
      this.area = make("textarea", label, { value: this.d.beginning, rows: 4, spellcheck: false, maxLength: 2000 });
      this.area.oninput = () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.edited(), 250); };
      const actions = make("div", live, {}, "row");
      this.button(actions, text.draw, () => this.write(1));
      this.button(actions, this.fill(text.more, { number: WRITTEN }), () => this.write(WRITTEN));
      this.button(actions, text.back, () => { this.ids.pop(); this.changed(); });
      this.button(actions, text.again, () => { this.area.value = this.d.beginning; this.edited(); });
      this.says = make("p", live, { role: "status" }, "says");
      this.temperature = this.slider(live, text.temperature, { min: 0.1, max: 2, step: 0.1, value: 0.8 }, (v) => this.number(v, 1));
      this.topK = this.slider(live, "top-k", { min: 0, max: TOP_K.length - 1, step: 1, value: TOP_K.length - 1 }, (v) => (v < TOP_K.length - 1 ? String(TOP_K[v]) : text.all));
      this.topP = this.slider(live, "top-p", { min: 0.05, max: 1, step: 0.05, value: 0.9 }, (v) => this.number(v, 2));
      make("p", live, { textContent: text.next }, "name");
      this.next = make("ul", live, {}, "next");
      const fold = make("details", live);
      make("summary", fold, { textContent: text.map });
      const count = (n) => Array.from({ length: n }, (_, i) => String(i + 1));
      this.layers = this.choice(fold, text.layer, count(config.num_layers), "layer");
      this.heads = this.choice(fold, text.head, count(config.num_heads), "head");
      this.map = make("table", fold, { role: "grid", ariaLabel: text.mapName }, "map");
      this.map.onkeydown = (event) => this.moved(event);
      this.tells = make("p", fold, { ariaLive: "polite" }, "tells");
      this.sum = make("div", fold, {}, "sum");
      this.edited();
    }
    slider(live, name, props, write) {
      const label = make("label", live, { textContent: `${name} ` }, "name"), shown = make("b", label);
      const range = make("input", label, { type: "range", ...props });
      const tell = () => { shown.textContent = range.ariaValueText = write(Number(range.value)); };
      range.oninput = () => { tell(); this.list(); };
      tell();
      return range;
    }
    get settings() {
      return { temperature: Number(this.temperature.value), topK: TOP_K[this.topK.value], topP: Number(this.topP.value) };
    }
    // For the tests: scores behind each token of a text, and what is drawn from.
    chancesOf(scores, settings = this.settings) { return chancesOf(scores, settings); }
    scores(ids) { return this.engine.read(ids, this.engine.start()).map((x) => [...x]); }
    piece(id) {
      if (id === this.model.endId) return this.d.text.end;
      const text = this.tokens.decode([id]);
      if (text.includes("\ufffd")) return this.tokens.tokens[id]; // a piece of a character
      return text.replaceAll(" ", "\u2423").replaceAll("\n", "\u23ce");
    }
    edited() {
      this.ids = [this.model.endId, ...this.tokens.encode(this.area.value)];
      this.read();
    }
    changed() {
      if (!this.ids.length) this.ids = [this.model.endId];
      this.area.value = this.tokens.decode(this.ids);
      this.read();
    }
    // Reads what it has not read yet. Keys and values of a common beginning stay.
    read() {
      const { max_len } = this.engine.config, { text } = this.d;
      this.full = this.ids.length >= max_len;
      this.ids.length = Math.min(this.ids.length, max_len);
      let same = 0;
      if (this.kept) while (same < this.ids.length - 1 && this.known[same] === this.ids[same]) same++;
      else this.kept = this.engine.start();
      for (const { keys, values, looks } of this.kept.layers) keys.length = values.length = looks.length = same;
      this.kept.length = same;
      this.known = [...this.ids];
      this.logits = this.engine.read(this.ids.slice(same), this.kept).at(-1);
      this.first = Math.max(0, this.ids.length - SEEN);
      this.at.query = this.ids.length - 1;
      this.at.key = Math.max(this.first, this.at.query - 1);
      const odd = [...new Set(this.area.value)].filter((sign) => !this.model.signs.includes(sign)).join(" ");
      this.says.textContent = this.full ? this.fill(text.full, { most: max_len })
        : !this.area.value.trim() ? text.empty : odd ? this.fill(text.odd, { signs: odd }) : "";
      this.list();
      this.show();
    }
    list() {
      const { text } = this.d, base = softmax(this.logits);
      this.chances = chancesOf(this.logits, this.settings);
      const order = Array.from(base, (_, i) => i).sort((i, j) => base[j] - base[i]).slice(0, SHOWN);
      const focused = [...this.next.querySelectorAll("button")].indexOf(this.shadowRoot.activeElement);
      this.next.replaceChildren();
      const heads = make("li", this.next, { ariaHidden: "true" }, "heads-of-next");
      for (const key of ["token", "drawn", "says"]) make("span", heads, { textContent: text[`${key}Head`] });
      for (const id of order) {
        const item = make("li", this.next), drawn = this.percent(this.chances[id]);
        const button = this.button(item, this.piece(id), () => { this.ids.push(id); this.changed(); });
        button.ariaLabel = this.fill(text.take, { token: this.tokens.decode([id]).trim() || this.piece(id), share: drawn });
        button.disabled = this.full;
        make("i", make("span", item, { ariaHidden: "true" }, "way")).style.width = `${100 * this.chances[id]}%`;
        make("b", item, { textContent: drawn, ariaHidden: "true" });
        make("span", item, { textContent: this.percent(base[id]), ariaHidden: "true" });
      }
      if (focused >= 0) this.next.querySelectorAll("button")[focused]?.focus();
    }
    async write(number) {
      const run = this.run = (this.run ?? 0) + 1, before = this.ids.length;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      for (let i = 0; i < number && !this.full && run === this.run; i++) {
        this.ids.push(drawFrom(this.chances, this.random()));
        this.changed();
        if (this.ids.at(-1) === this.model.endId) break;
        if (!still && number > 1) await new Promise((next) => setTimeout(next, 60));
      }
      if (!this.says.textContent) this.says.textContent = this.fill(this.d.text.added, { text: this.tokens.decode(this.ids.slice(before)) });
    }
    // The map: who looks at whom among the last tokens, and the sum behind one cell.
    show() {
      const { layer, head } = this.at, { looks } = this.kept.layers[layer], { text } = this.d;
      this.mark([this.layers, this.heads]);
      const focused = this.shadowRoot.activeElement?.role === "gridcell";
      this.map.replaceChildren();
      const places = this.ids.slice(this.first).map((_, i) => this.first + i);
      const columns = make("tr", this.map);
      make("td", columns);
      for (const s of places) make("span", make("th", columns, { scope: "col" }), { textContent: this.piece(this.ids[s]) });
      this.cells = places.map((t) => {
        const row = make("tr", this.map), weights = looks[t].weights[head];
        make("th", row, { scope: "row", textContent: this.piece(this.ids[t]) });
        return places.map((s) => {
          const cell = make("td", row, { role: "gridcell", tabIndex: -1 });
          if (s > t) { cell.className = "hidden"; cell.ariaLabel = text.hidden; return cell; }
          cell.style.background = `color-mix(in oklab, var(--strong) ${Math.round(100 * weights[s])}%, transparent)`;
          cell.ariaLabel = this.fill(text.cell, { asks: this.piece(this.ids[t]), answers: this.piece(this.ids[s]), share: this.percent(weights[s]) });
          cell.onclick = () => this.choose(t, s);
          return cell;
        });
      });
      this.choose(this.at.query, this.at.key, focused);
    }
    moved(event) {
      const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
      if (down === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const query = Math.min(Math.max(this.at.query + down, this.first), this.ids.length - 1);
      this.choose(query, Math.min(Math.max(this.at.key + right, this.first), query), true);
    }
    choose(query, key, focus = false) {
      const { first } = this, { text } = this.d;
      this.chosen?.removeAttribute("aria-selected");
      if (this.chosen) this.chosen.tabIndex = -1;
      Object.assign(this.at, { query, key });
      this.chosen = this.cells[query - first][key - first];
      Object.assign(this.chosen, { tabIndex: 0, ariaSelected: "true" });
      if (focus) this.chosen.focus();
      const { terms, product, score, sum, weight } = this.terms(query, key);
      const parts = {
        asks: this.piece(this.ids[query]), answers: this.piece(this.ids[key]), count: query + 1, size: terms.length,
        product: this.number(product), score: this.number(score), power: this.number(Math.exp(score)), sum: this.number(sum), share: this.percent(weight),
      };
      this.tells.textContent = this.fill(text.tells, parts);
      this.sum.replaceChildren();
      const line = make("p", this.sum);
      line.append("q · k = ");
      terms.forEach(([q, k], i) => {
        make("span", line, { textContent: `${i ? "+ " : ""}${this.signed(q)} × ${this.signed(k)} ` });
      });
      line.append(`= ${parts.product}`);
      for (const step of [text.divided, text.shared]) make("p", this.sum, { textContent: this.fill(step, parts) });
    }
    signed(value) { return value < 0 ? `(${this.number(value)})` : this.number(value); }
    // The sum that makes one weight: products of features, divided, exponentials shared.
    terms(query, key) {
      const { layer, head } = this.at, { keys, looks } = this.kept.layers[layer];
      const { num_heads } = this.engine.config, size = keys[0].length / num_heads;
      const part = (vector) => vector.subarray(head * size, (head + 1) * size);
      const q = part(looks[query].query), score = (s) => dot(q, part(keys[s])) / Math.sqrt(size);
      const sum = keys.slice(0, query + 1).reduce((total, _, s) => total + Math.exp(score(s)), 0);
      return {
        terms: Array.from(q, (value, i) => [value, part(keys[key])[i]]), product: score(key) * Math.sqrt(size),
        score: score(key), sum, weight: looks[query].weights[head][key],
      };
    }
  });
}
