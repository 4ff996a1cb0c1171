// Starts a deck, makes each slide fit, and lets the speaker change the colours.
(() => {
  const texts = document.body.dataset;
  const printing = new URLSearchParams(location.search).has("print-pdf");
  const SMALLEST = 0.5;

  // The choice that the pages remember, too.
  const changeColours = () => {
    const dark = document.getElementById("dark");
    const next = matchMedia(dark.media).matches ? "light" : "dark";
    dark.media = next === "dark" ? "all" : "not all";
    try {
      localStorage.setItem("theme", next);
    } catch {} // a browser may forbid it; then nothing is remembered
  };

  // The smallest of the pictures on a slide, against its own size.
  const pictures = (box) => [...box.querySelectorAll("img")];
  const scaleOf = (box) =>
    Math.min(
      ...pictures(box).map((picture) =>
        Math.min(
          picture.clientWidth / picture.naturalWidth,
          picture.clientHeight / picture.naturalHeight,
        ),
      ),
    );

  // Two things on a slide stand side by side where that makes the picture larger. What is
  // a little too much is set smaller, never cut.
  const fit = () => {
    document.querySelectorAll(".slides section > .on").forEach((box) => {
      const slide = box.parentElement;
      const before = slide.getAttribute("style");
      slide.style.cssText += ";display:flex !important;visibility:hidden";
      const tooMuch = () =>
        box.scrollHeight > box.clientHeight + 1 ||
        [box, ...box.querySelectorAll("pre, .formula, .table-box")].some(
          (part) => part.scrollWidth > part.clientWidth + 1,
        );
      box.style.zoom = "";
      if (box.children.length === 2 && pictures(box).length) {
        const below = scaleOf(box);
        box.classList.add("beside");
        if (tooMuch() || scaleOf(box) < 1.15 * below) box.classList.remove("beside");
      }
      for (let size = 0.95; tooMuch() && size >= SMALLEST; size -= 0.05)
        box.style.zoom = size.toFixed(2);
      if (before === null) slide.removeAttribute("style");
      else slide.setAttribute("style", before);
    });
  };

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    minScale: 0.1,
    maxScale: 4,
    center: false,
    display: "flex",
    transition: "none",
    backgroundTransition: "none",
    hash: true,
    help: false,
    slideNumber: "c/t",
    controlsTutorial: false,
    pdfMaxPagesPerSlide: 1,
    keyboard: { 68: changeColours },
    plugins: [RevealNotes],
  });
  Reveal.on("ready", async () => {
    const name = (selector, text) =>
      document.querySelectorAll(selector).forEach((button) => {
        button.setAttribute("aria-label", text);
      });
    name(".controls .navigate-right", texts.next);
    name(".controls .navigate-left", texts.previous);
    await document.fonts.ready;
    await Promise.allSettled([...document.images].map((picture) => picture.decode()));
    if (!printing) fit();
    document.documentElement.dataset.fitted = "";
  });
  if (printing) Reveal.on("pdf-ready", fit);
})();
