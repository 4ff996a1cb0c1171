// Descent: drag the learning rate; the path on the surface and the curve follow.
if (!customElements.get("descent-explorer")) {
  customElements.define("descent-explorer", class extends Explorer {
    build(live) {
      const { d } = this;
      if (d.modes.length > 1) this.modes = this.choice(live, d.text.mode, d.modes, "mode");
      this.rate = this.range(live, d.text.rate, d.rates, "rate");
      const drawings = make("div", live, { ariaHidden: "true", innerHTML: d.drawing }, "drawings");
      [this.path, this.dots, this.curve] = [".path", ".dots", ".curve"].map((c) => drawings.querySelector(c));
      this.says = make("p", live, { ariaLive: "polite" }, "says");
    }
    show() {
      const { d } = this, { mode, rate } = d.at, points = d.paths[mode][rate];
      this.mark([this.modes]);
      this.rate(d.rates[rate]);
      this.path.setAttribute("points", points);
      this.dots.setAttribute("d", points.replace(/(\S+),(\S+)/g, "M$1 $2h0"));
      this.curve.setAttribute("points", d.curves[mode][rate]);
      this.says.textContent = d.says[mode][rate];
    }
  });
}
