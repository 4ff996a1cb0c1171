// The explorer of tokens: a text, and its pieces under three vocabularies, each loaded
// when it is asked for. Before that, and without JavaScript, the pieces of the first
// text stand there, made by Python. The engine is tokenizers.js.
if (!customElements.get("token-explorer")) {
  const unpack = async (text) => {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const arrived = new Map();
  window.tokenVocabulary = (name, text) => arrived.get(name)(text);
  const cutters = {};
  const load = (name, folder) => cutters[name] ??= new Promise((resolve, reject) => {
    arrived.set(name, resolve);
    const script = document.createElement("script");
    script.src = `${folder}${name}.js`;
    script.onerror = reject;
    document.head.append(script);
  }).then(unpack).then((bytes) => TOKENIZERS[name](bytes))
    .catch((error) => { delete cutters[name]; throw error; });
  const make = (tag, parent, props = {}, kind = "") => {
    const node = Object.assign(document.createElement(tag), props);
    if (kind) node.className = kind;
    parent.append(node);
    return node;
  };
  customElements.define("token-explorer", class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const d = this.d = JSON.parse(this.dataset.json);
      const root = this.attachShadow({ mode: "open" });
      make("style", root, { textContent: TOKENS_CSS });
      make("slot", root);
      const live = make("div", root, { role: "group", ariaLabel: d.text.title }, "live");
      make("p", live, { textContent: d.text.title }, "title");
      const label = make("label", live, { textContent: d.text.write });
      this.area = make("textarea", label, { value: d.examples[0], rows: 2, spellcheck: false, maxLength: 2000 });
      this.area.dir = "auto";
      this.area.oninput = () => this.later();
      make("p", live, { textContent: d.text.examples }, "name");
      const examples = make("div", live, {}, "row");
      for (const text of d.examples) {
        const button = make("button", examples, { textContent: text, type: "button", dir: "auto" });
        button.onclick = () => { this.area.value = text; this.show(true); };
      }
      this.rows = d.vocabularies.map(({ name, title, size, pieces }) => {
        const row = make("section", live, { ariaLabel: title });
        const head = make("p", row, {}, "head");
        make("b", head, { textContent: title });
        const count = make("span", head);
        const button = make("button", head, { type: "button", textContent: this.fill(d.text.load, { size }) });
        button.ariaLabel = `${title}: ${button.textContent}`;
        const list = make("ul", row);
        const item = { name, title, count, button, list, first: pieces, cut: null };
        button.onclick = () => this.open(item);
        return item;
      });
      this.says = make("p", live, { ariaLive: "polite" }, "says");
      make("p", live, { textContent: d.text.help }, "help");
      this.show();
    }
    fill(text, parts) { return text.replace(/\{(\w+)\}/g, (_, name) => parts[name]); }
    async open(item) {
      if (item.button.ariaDisabled === "true") return;
      item.button.ariaDisabled = "true"; // it keeps the focus
      item.count.textContent = this.d.text.loading;
      try {
        item.cut = await load(item.name, this.d.folder);
        const focused = this.shadowRoot.activeElement === item.button;
        item.button.remove();
        if (focused) this.area.focus();
        this.show(true);
      } catch {
        item.button.ariaDisabled = "false";
        item.count.textContent = this.says.textContent = this.d.text.failed;
      }
    }
    // For a script, and for the tests: the pieces of a text under a vocabulary.
    async cut(name, text) { return (await load(name, this.d.folder))(text); }
    later() { clearTimeout(this.timer); this.timer = setTimeout(() => this.show(true), 250); }
    show(speak) {
      const { text } = this.d, value = this.area.value, heard = [];
      for (const { title, count, list, first, cut } of this.rows) {
        const pieces = cut ? cut(value) : value === this.d.examples[0] ? first : null;
        list.hidden = !pieces;
        count.textContent = pieces ? this.fill(text.count, { number: pieces.length }) : text.waiting;
        if (!pieces) continue;
        list.replaceChildren();
        for (const piece of pieces.slice(0, 400)) {
          make("li", list, { textContent: piece, dir: "auto" }, piece === "[UNK]" ? "unknown" : "");
        }
        heard.push(`${title}: ${count.textContent}`);
      }
      if (speak) this.says.textContent = heard.join(". ");
    }
  });
}
