// The steps of one sentence: without this script all stand one below the other; with
// it, one is seen at a time, and a slider (arrows, Home, End) and two buttons move.
if (!customElements.get("sentence-explorer")) {
  customElements.define("sentence-explorer", class extends HTMLElement {
    connectedCallback() {
      if (this.bar) return;
      const steps = [...this.querySelectorAll("ol > li")];
      const make = (tag, parent, props) => {
        const node = Object.assign(document.createElement(tag), props);
        parent.append(node);
        return node;
      };
      const bar = this.bar = make("div", this, { className: "bar", role: "group", ariaLabel: this.dataset.name });
      const back = make("button", bar, { type: "button", textContent: `← ${this.dataset.back}` });
      const next = make("button", bar, { type: "button", textContent: `${this.dataset.next} →` });
      const range = make("input", bar, { type: "range", min: 1, max: steps.length, value: 1, ariaLabel: this.dataset.step });
      const said = make("p", bar, { ariaLive: "polite" });
      this.prepend(bar);
      this.classList.add("alive");
      const show = (to) => {
        const at = Math.min(Math.max(to, 1), steps.length);
        steps.forEach((step, i) => { step.hidden = i !== at - 1; });
        range.value = at;
        range.ariaValueText = steps[at - 1].dataset.title;
        said.textContent = `${at} / ${steps.length} · ${steps[at - 1].dataset.title}`;
        // A button that leads nowhere keeps the focus: it only says so.
        back.ariaDisabled = String(at === 1);
        next.ariaDisabled = String(at === steps.length);
      };
      back.onclick = () => show(Number(range.value) - 1);
      next.onclick = () => show(Number(range.value) + 1);
      range.oninput = () => show(Number(range.value));
      show(1);
    }
  });
}
