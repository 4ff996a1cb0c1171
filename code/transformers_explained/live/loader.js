// What stands in the page from the start: a first result, made by Python, and a button.
if (!customElements.get("NAME-explorer")) {
  customElements.define("NAME-explorer", class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const { text } = this.d = JSON.parse(this.dataset.json);
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = "<style>:host{display:block;margin:1em 0;hanging-punctuation:none}" +
        "button{font:inherit;color:inherit;background:none;border:1px solid;border-radius:.35em;min-height:32px;padding:.2em .7em;cursor:pointer}" +
        "button:focus-visible{outline:3px solid;outline-offset:2px}p{font-size:.875em;margin:.4em 0 0}" +
        ":host([data-alive]) slot{display:none}@media print{button,p,live-NAME{display:none}:host([data-alive]) slot{display:contents}}" +
        "</style><slot></slot><button type=button></button><p role=status></p>";
      this.button = root.querySelector("button");
      this.button.textContent = text.load;
      this.button.onclick = () => this.wake();
    }
    part(name) {
      return globalThis.liveParts?.[name] ? null : new Promise((resolve, reject) => {
        const script = document.createElement("script");
        Object.assign(script, { src: `${this.d.folder}${name}.js`, onload: resolve, onerror: reject });
        document.head.append(script);
      });
    }
    // For the button, for a script, and for the tests: resolves when the model is there.
    async wake() {
      const { button } = this, status = this.shadowRoot.querySelector("p");
      if (button.ariaDisabled === "true") return this.live;
      button.ariaDisabled = "true"; // it keeps the focus
      status.textContent = this.d.text.loading;
      try {
        await Promise.all(this.d.parts.map((name) => this.part(name)));
      } catch {
        button.ariaDisabled = "false";
        status.textContent = this.d.text.failed;
        return null;
      }
      status.textContent = "";
      const focused = this.shadowRoot.activeElement === button;
      this.live = document.createElement("live-NAME");
      this.live.dataset.json = this.dataset.json;
      this.dataset.alive = "";
      button.replaceWith(this.live);
      if (focused) this.live.shadowRoot.querySelector("input, textarea").focus();
      return this.live;
    }
  });
}
