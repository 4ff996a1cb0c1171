// The translator: numbers in words, the three attentions of each token, the beam.
if (!customElements.get("live-translator")) {
  const MEAN = 0; // of the choice of heads; then come the heads, from 1
  customElements.define("live-translator", class extends LivePanel {
    build(live) {
      const { text } = this.d, { config, english, french } = this.model;
      this.engine = new Translator(this.model);
      this.english = new Vocabulary(english);
      this.french = french;
      this.at = this.d.at = { step: 0, layer: config.num_decoder_layers - 1, head: MEAN };
      const form = make("form", live);
      const label = make("label", form, { textContent: text.write });
      this.field = make("input", label, { type: "text", lang: "en", value: this.d.examples[0].text, autocomplete: "off", spellcheck: false, maxLength: 200 });
      make("button", form, { textContent: text.go });
      form.onsubmit = (event) => { event.preventDefault(); this.write(); };
      make("p", live, { textContent: text.examples }, "name");
      const examples = make("div", live, {}, "row");
      for (const example of this.d.examples) {
        this.button(examples, example.text, () => { this.field.value = example.text; this.write(); }).lang = "en";
      }
      this.says = make("p", live, { role: "status" }, "says");
      this.answer = make("div", live);
      make("p", this.answer, { textContent: text.written }, "name");
      this.tokens = make("div", this.answer, { ariaLabel: text.written, lang: "fr" }, "row");
      this.layers = this.choice(this.answer, text.layer, Array.from({ length: config.num_decoder_layers }, (_, l) => String(l + 1)), "layer");
      const heads = Array.from({ length: config.num_heads }, (_, h) => String(h + 1));
      this.heads = this.choice(this.answer, text.head, [text.mean, ...heads], "head");
      this.looks = make("div", this.answer);
      this.tells = make("p", this.answer, { ariaLive: "polite" }, "tells");
      make("p", this.answer, { textContent: text.beam }, "name");
      this.beam = make("ol", this.answer, { lang: "fr" });
      this.write(false);
    }
    // Why a text cannot be translated; nothing if it can.
    refusal(source) {
      const { text } = this.d, { max_len } = this.engine.config;
      const unknown = [...new Set(source.filter((word) => !this.english.ids.has(word)))];
      const example = this.d.examples[0].text;
      if (!source.length) return this.fill(text.empty, { example });
      if (unknown.some((word) => /\d/.test(word))) return this.fill(text.digits, { example });
      if (unknown.length) return this.fill(text.unknown, { words: unknown.join(", ") });
      return source.length + 1 > max_len ? this.fill(text.long, { most: max_len - 1 }) : "";
    }
    // For the tests: scores of a text as ids, and the beam's texts.
    scores(source, target) { return this.engine.read(target, this.engine.start(source)).map((x) => [...x]); }
    search(source, size) { return beamSearch(this.engine, source, { size, ...this.model.special, most: 20 }); }
    greedy(source, most = 20) {
      const { startId, endId } = this.model.special, text = this.engine.start(source), ids = [];
      while (ids.length < most && ids.at(-1) !== endId) ids.push(indexOfMax([...this.engine.read([ids.at(-1) ?? startId], text)[0]]));
      return ids;
    }
    async write(animated = true) {
      const run = this.run = (this.run ?? 0) + 1, { startId, endId } = this.model.special;
      const words = wordsOf(this.field.value), refusal = this.refusal(words);
      this.says.textContent = refusal;
      this.answer.hidden = Boolean(refusal);
      if (refusal) return;
      const source = [...words.map((word) => this.english.ids.get(word)), endId];
      this.source = [...words, this.d.text.end];
      this.text = this.engine.start(source);
      this.ids = [];
      this.tokens.replaceChildren();
      this.beam.replaceChildren();
      const still = !animated || matchMedia("(prefers-reduced-motion: reduce)").matches;
      while (this.ids.length < this.engine.config.max_len && this.ids.at(-1) !== endId) {
        const [scores] = this.engine.read([this.ids.at(-1) ?? startId], this.text);
        this.ids.push(indexOfMax([...scores]));
        if (still) continue;
        this.at.step = this.ids.length - 1;
        this.list();
        await new Promise((next) => setTimeout(next, 220));
        if (run !== this.run) return; // another text was asked for
      }
      this.at.step = 0;
      this.list();
      this.tell();
      const found = this.search(source, 4), example = this.d.examples.find(({ text }) => wordsOf(text).join(" ") === words.join(" "));
      for (const { ids, logP } of found) {
        make("li", this.beam, { textContent: `${this.plain(ids)} (${this.percent(Math.exp(logP))})` });
      }
      const answer = this.plain(this.ids), verdict = !example ? "" : example.right === answer ? this.d.text.right : this.fill(this.d.text.wrong, { right: example.right });
      this.says.textContent = `${this.fill(this.d.text.answer, { answer })} ${verdict}`.trim();
    }
    plain(ids) { return joinWords(ids.filter((id) => id !== this.model.special.endId).map((id) => this.french[id])); }
    token(id) { return id === this.model.special.endId ? this.d.text.end : this.french[id]; }
    list() {
      this.tokens.replaceChildren();
      const buttons = this.ids.map((id) => make("button", this.tokens, { textContent: this.token(id) }));
      this.asking = this.radios(this.tokens, buttons, "step");
      this.show(true);
    }
    // The weights of the chosen head, or the mean of all.
    weights({ weights }) {
      const { head } = this.at;
      if (head !== MEAN) return Array.from(weights[head - 1]);
      return Array.from(weights[0], (_, s) => weights.reduce((sum, row) => sum + row[s], 0) / weights.length);
    }
    three() {
      const { step, layer } = this.at, { self, cross } = this.text.layers[layer];
      const seen = this.weights(cross.looks[step]), most = indexOfMax(seen);
      const encoder = this.text.encoder[Math.min(layer, this.text.encoder.length - 1)];
      const written = [this.d.text.start, ...this.ids.slice(0, step).map((id) => this.token(id))];
      return [
        { title: "cross", asks: this.token(this.ids[step]), tokens: this.source, shares: seen },
        { title: "masked", asks: written.at(-1), tokens: written, shares: this.weights(self.looks[step]) },
        { title: "encoder", asks: this.source[most], tokens: this.source, shares: this.weights(encoder.looks[most]) },
      ];
    }
    show(quiet) {
      if (!this.ids?.length) return;
      this.mark([this.asking, this.layers, this.heads]);
      this.looks.replaceChildren();
      for (const { title, asks, tokens, shares } of this.three()) {
        this.bars(this.looks, this.fill(this.d.text[title], { token: asks }), tokens, shares);
      }
      if (quiet !== true) this.tell();
    }
    tell() {
      this.tells.textContent = this.three().map(({ title, asks, tokens, shares }) => {
        const most = indexOfMax(shares);
        return this.fill(this.d.text[`${title}Says`], { token: asks, first: tokens[most], share: this.percent(shares[most]) });
      }).join(" ");
    }
  });
}
