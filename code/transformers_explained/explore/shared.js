// One custom element for all explorers of a page. Its data is in its attribute; its
// content, a drawing, is what print and readers without JavaScript see.
const make = (tag, parent, props = {}, kind = "") => {
  const node = Object.assign(document.createElement(tag), props);
  if (kind) node.className = kind;
  parent.append(node);
  return node;
};
class Explorer extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const d = this.d = JSON.parse(this.dataset.json);
    const root = this.attachShadow({ mode: "open" });
    make("style", root, { textContent: CSS });
    make("slot", root);
    const live = make("div", root, { role: "group", ariaLabel: d.text.title }, "live");
    make("p", live, { textContent: d.text.title }, "title");
    this.build(live);
    make("p", live, { textContent: d.text.help }, "help");
    this.show();
  }
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
  // A slider over the values of a field; the function it returns shows the one chosen.
  range(parent, name, values, field) {
    const label = make("label", parent, { textContent: `${name} ` }, "name");
    const value = make("b", label);
    const slide = make("input", label, { type: "range", min: 0, max: values.length - 1, value: this.d.at[field] });
    slide.oninput = () => { this.d.at[field] = Number(slide.value); this.show(); };
    return (text) => { value.textContent = slide.ariaValueText = text; };
  }
  // The radio buttons say which of them is chosen.
  mark(groups) {
    for (const group of groups) {
      group && group.buttons.forEach((button, i) => {
        const on = i === this.d.at[group.field];
        button.ariaChecked = String(on);
        button.tabIndex = on ? 0 : -1;
      });
    }
  }
}
