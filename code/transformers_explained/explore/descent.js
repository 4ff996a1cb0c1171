// Descent: drag the learning rate; the path on the surface and the curve follow.
if (!customElements.get("descent-explorer")) {
  customElements.define("descent-explorer", class extends Explorer {
    build(live) {
      const { d } = this;
      if (d.modes.length > 1) this.modes = this.choice(live, d.text.mode, d.modes, "mode");
      const label = make("label", live, { textContent: `${d.text.rate} ` }, "name");
      this.rate = make("b", label);
      this.range = make("input", label, { type: "range", min: 0, max: d.rates.length - 1, value: d.at.rate });
      this.range.oninput = () => { d.at.rate = Number(this.range.value); this.show(); };
      const drawings = make("div", live, { ariaHidden: "true", innerHTML: d.drawing }, "drawings");
      [this.path, this.dots, this.curve] = [".path", ".dots", ".curve"].map((c) => drawings.querySelector(c));
      this.says = make("p", live, { ariaLive: "polite" }, "says");
    }
    show() {
      const { d } = this, { mode, rate } = d.at, points = d.paths[mode][rate];
      this.mark([this.modes]);
      this.rate.textContent = this.range.ariaValueText = d.rates[rate];
      this.path.setAttribute("points", points);
      this.dots.setAttribute("d", points.replace(/(\S+),(\S+)/g, "M$1 $2h0"));
      this.curve.setAttribute("points", d.curves[mode][rate]);
      this.says.textContent = d.says[mode][rate];
    }
  });
}
