// A quiz that answers: an option is chosen, or a number written, and the page says why.
// Without this script there is the question, and the fold with the answer.
(() => {
  const words = JSON.parse(document.currentScript.dataset.words);
  const make = (name, attributes, ...children) => {
    const node = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    node.append(...children);
    return node;
  };

  // What is said after an answer; a screen reader reads it out when it changes.
  const speaker = (quiz) => {
    const said = make("div", { class: "quiz-said", role: "status" });
    quiz.querySelector(".quiz-answer").before(said);
    return (right, word, reason) => {
      said.className = "quiz-said " + (right ? "right" : "wrong");
      const why = reason ? [...reason.cloneNode(true).childNodes] : [];
      said.replaceChildren(make("p", { class: "quiz-verdict" }, word), ...why);
      // A copy has no name of its own: links lead to the original.
      said.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
    };
  };

  const options = (quiz, reasons) => {
    const say = speaker(quiz);
    const items = [...quiz.querySelectorAll(".quiz-options > li")];
    items.forEach((item, i) => {
      const text = make("div", { id: `${quiz.id}-${i}` }, ...item.childNodes);
      const button = make(
        "button",
        { type: "button", class: "quiz-choice", "aria-pressed": "false" },
        String.fromCharCode(65 + i),
      );
      button.id = text.id + "-choice";
      button.setAttribute("aria-labelledby", `${button.id} ${text.id}`);
      item.append(button, text);
      const right = item.dataset.right === "true";
      const choose = () => {
        items.forEach((other) => {
          const chosen = other === item;
          other.firstChild.setAttribute("aria-pressed", chosen);
          other.classList.toggle("right", chosen && right);
          other.classList.toggle("wrong", chosen && !right);
        });
        say(right, right ? words.right : words.wrong, reasons[i]);
      };
      button.addEventListener("click", choose);
      // The words are a larger target than the letter; a link among them stays a link.
      text.addEventListener("click", (event) => {
        if (!event.target.closest("a, summary, button") && !String(getSelection())) choose();
      });
    });
    quiz.querySelector(".quiz-options").classList.add("alive");
  };

  // What a text may mean: 1,5 and 1.5, 1 000 and 1,000, −2 and -2, 15 %.
  const readings = (text) => {
    const bare = text.replace(/[\s\u00a0\u202f%'’]/g, "").replace(/[−–]/g, "-");
    const found = [];
    if (/^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(bare))
      found.push(Number(bare.replace(",", ".")));
    if (/^[+-]?\d{1,3}([.,]\d{3})+$/.test(bare)) found.push(Number(bare.replace(/[.,]/g, "")));
    return found;
  };
  // Equal as far as the answer is written: to half a unit of its last decimal, if any.
  const agrees = (text, number) => {
    const decimals = (number.split(".")[1] || "").length;
    const half = decimals && 0.5 * 10 ** -decimals;
    return readings(text).some((value) => Math.abs(value - number) <= half * 1.000001);
  };

  const number = (quiz, reasons) => {
    const say = speaker(quiz);
    const { numbers, right } = quiz.dataset;
    const known = numbers.split(" ");
    const field = make("input", {
      type: "text",
      inputmode: "text",
      autocomplete: "off",
      maxlength: 20,
      "aria-labelledby": quiz.getAttribute("aria-labelledby"),
    });
    const form = make(
      "form",
      { class: "quiz-form" },
      field,
      make("button", { type: "submit" }, words.check),
    );
    quiz.querySelector(".quiz-answer").before(form);
    form.after(quiz.querySelector(".quiz-said"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!readings(field.value).length) return say(false, words.no_number);
      // The right one first: a tempting number may lie within its rounding.
      const found = [Number(right), ...known.keys()].find((i) => agrees(field.value, known[i]));
      const isRight = found === Number(right);
      say(
        isRight,
        isRight ? words.right : found === undefined ? words.other : words.wrong,
        reasons[found],
      );
    });
  };

  document.querySelectorAll(".quiz").forEach((quiz) => {
    const reasons = [...quiz.querySelectorAll(".quiz-answer > ul > li")].map((item) => {
      const copy = item.cloneNode(true);
      // "A." or "15." stands before the reason; here it is known what was chosen.
      const name = copy.querySelector("strong");
      if (name) name.remove();
      return copy;
    });
    quiz.dataset.quiz === "number" ? number(quiz, reasons) : options(quiz, reasons);
  });
})();
