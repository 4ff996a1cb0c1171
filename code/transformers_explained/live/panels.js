// What the two interfaces share: numbers in the page's language, sentences with holes,
// bars of attention, and an answer that is said once it is whole.
class LivePanel extends Explorer {
  get model() { return liveParts[this.d.model]; }
  fill(text, parts) { return text.replace(/\{(\w+)\}/g, (_, name) => parts[name]); }
  percent(share) {
    const digits = share >= 0.1 ? 0 : share >= 0.01 ? 1 : 2;
    return share.toLocaleString(this.language, { style: "percent", maximumFractionDigits: digits });
  }
  number(value, digits = 2) {
    const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return value.toLocaleString(this.language, fixed).replace("-", "\u2212");
  }
  get language() { return this.getRootNode().host?.lang || "en"; }
  button(parent, text, act, kind = "") {
    const button = make("button", parent, { type: "button", textContent: text }, kind);
    button.onclick = act;
    return button;
  }
  bars(parent, title, tokens, shares) {
    make("p", parent, { textContent: title }, "name");
    const row = make("div", parent, { ariaHidden: "true" }, "row");
    const top = Math.max(...shares);
    tokens.forEach((token, i) => {
      const key = make("div", row, {}, shares[i] === top ? "key top" : "key");
      make("b", key, { textContent: this.percent(shares[i]) });
      make("i", make("div", key, {}, "bar")).style.height = `${100 * shares[i]}%`;
      make("span", key, { textContent: token });
    });
  }
}
const indexOfMax = (values) => values.indexOf(Math.max(...values));
