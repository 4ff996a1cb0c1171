// One custom element for all explorers of a page. Its data is in its attribute; its
// content, a drawing, is what print and readers without JavaScript see.
if (!customElements.get("attention-explorer")) {
  const make = (tag, parent, props = {}, kind = "") => {
    const node = Object.assign(document.createElement(tag), props);
    if (kind) node.className = kind;
    parent.append(node);
    return node;
  };
  customElements.define("attention-explorer", class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const d = this.d = JSON.parse(this.dataset.json);
      const root = this.attachShadow({ mode: "open" });
      make("style", root, { textContent: CSS });
      make("slot", root);
      const live = make("div", root, { role: "group", ariaLabel: d.text.title }, "live");
      make("p", live, { textContent: d.text.title }, "title");
      if (d.layers > 1) this.layers = this.choice(live, d.text.layer, this.count(d.layers), "layer");
      this.asking = this.choice(live, d.text.asking, d.queries, "query");
      this.heading = make("p", live, {}, "name");
      const keys = make("div", live, { ariaHidden: "true" }, "row");
      this.keys = d.keys.map((token) => {
        const key = make("div", keys, {}, "key");
        const share = make("b", key);
        const bar = make("i", make("div", key, {}, "bar"));
        make("span", key, { textContent: token });
        return { key, share, bar };
      });
      this.says = make("p", live, { ariaLive: "polite" }, "says");
      if (d.heads > 1) this.overview(live);
      make("p", live, { textContent: d.text.help }, "help");
      this.show();
    }
    count(n) { return Array.from({ length: n }, (_, i) => String(i + 1)); }
    // Radio buttons: arrows move, one of them is in the tab order. A mouse that rests on
    // one for a moment chooses it; crossing it on the way elsewhere does not.
    radios(group, buttons, field, areas = buttons) {
      const pick = (i, focus) => {
        clearTimeout(this.rest); // a click or a key has the last word
        if (this.d.at[field] !== i) { this.d.at[field] = i; this.show(); }
        if (focus) buttons[i].focus();
      };
      buttons.forEach((button, i) => {
        button.type = "button";
        button.role = "radio";
        for (const area of new Set([button, areas[i]])) {
          area.onclick = () => pick(i);
          area.onpointerenter = (e) => {
            if (e.pointerType === "mouse") this.rest = setTimeout(pick, 80, i);
          };
          area.onpointerleave = () => clearTimeout(this.rest);
        }
      });
      group.role = "radiogroup";
      group.onkeydown = (e) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
        const n = buttons.length;
        const to = step ? (this.d.at[field] + step + n) % n : e.key === "Home" ? 0 : e.key === "End" ? n - 1 : -1;
        if (to < 0 || e.ctrlKey || e.metaKey || e.altKey) return;
        e.preventDefault();
        pick(to, true);
      };
      return { field, buttons };
    }
    choice(parent, name, texts, field) {
      make("p", parent, { textContent: name }, "name");
      const group = make("div", parent, { ariaLabel: name }, "row");
      const buttons = texts.map((text) => make("button", group, { textContent: text }));
      if (field === "layer") buttons.forEach((b, i) => { b.ariaLabel = `${name} ${i + 1}`; });
      return this.radios(group, buttons, field);
    }
    overview(parent) {
      const { d } = this;
      make("p", parent, { textContent: d.text.heads }, "name");
      const grid = make("div", parent, { ariaLabel: d.text.heads }, "heads");
      const strips = [];
      const buttons = this.count(d.heads).map((n) => {
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
    percent(w) { return (w > 0 && w < 5 ? "<1" : Math.round(w / 10)) + this.d.text.percent; }
    // What one head does, in words: the two keys with the largest weights, or that
    // weights are equal. explore.py says the same, word for word, for paper.
    tell(head) {
      const { d } = this, w = this.weights(head);
      const [a, b] = w.map((_, i) => i).sort((i, j) => w[j] - w[i]);
      const seen = w.filter((x) => x);
      const kind = !w[a] ? "none" : seen.length === 1 ? "one" : w[a] > w[b] ? "two"
        : seen.length > 2 && seen.every((x) => x === w[a]) ? "equal" : "tie";
      const parts = {
        token: d.queries[d.at.query], number: seen.length,
        first: d.keys[a], share1: this.percent(w[a]),
        second: d.keys[b], share2: b === undefined ? "" : this.percent(w[b]),
      };
      return d.text[kind].replace(/\{(\w+)\}/g, (_, name) => parts[name]);
    }
    show() {
      const { d } = this, { at } = d, w = this.weights(at.head), top = Math.max(...w);
      for (const group of [this.layers, this.asking, this.rows]) {
        group && group.buttons.forEach((button, i) => {
          const on = i === at[group.field];
          button.ariaChecked = String(on);
          button.tabIndex = on ? 0 : -1;
        });
      }
      this.heading.textContent = d.heads > 1 ? d.text.looks.replace("{head}", at.head + 1) : d.text.looksOne;
      this.keys.forEach(({ key, share, bar }, i) => {
        share.textContent = this.percent(w[i]);
        bar.style.height = w[i] / 10 + "%";
        key.classList.toggle("top", w[i] > 0 && w[i] === top);
      });
      this.says.textContent = this.tell(at.head);
      this.strips && this.strips.forEach((cells, head) => {
        const row = this.weights(head);
        cells.forEach((cell, i) => {
          cell.style.background = `color-mix(in oklab, var(--strong) ${row[i] / 10}%, transparent)`;
        });
        this.rows.buttons[head].ariaLabel = `${d.text.head.replace("{head}", head + 1)} ${this.tell(head)}`;
      });
    }
  });
}
