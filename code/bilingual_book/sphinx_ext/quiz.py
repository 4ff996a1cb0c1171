"""Quizzes: a question, lettered options, and one fold with the answer and each why.

The nodes keep what the script needs: which option is right, which number, and why.
On paper the answers stand together, small, at the end of the section.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import OptionSpec
from sphinx.writers.html5 import HTML5Translator
from sphinx.writers.latex import LaTeXTranslator

from bilingual_book.locales import LOCALES
from bilingual_book.sources.quizzes import Quiz, QuizError, Text, letter, read_quiz
from bilingual_book.sphinx_ext.labels import name_node, plain
from bilingual_book.sphinx_ext.page_context import book_texts

LOG = logging.getLogger(__name__)


class quiz(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """A quiz: its question, perhaps a stem, its options.

    ``numeric`` says whether a number answers it, ``number`` which of the page it is.
    """


class quiz_question(nodes.Part, nodes.TextElement):  # type: ignore[misc]  # noqa: N801
    """The question."""


class quiz_stem(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """What stands between the question and the options."""


class quiz_option(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """An option: its text, then why. ``letter`` and ``right`` say what it is."""


class quiz_text(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """The text of an option."""


class quiz_why(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """Why an option is right or wrong."""


class quiz_options(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """On the site: the options, lettered."""


class quiz_answer(nodes.Part, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """On the site: the fold with the answer; on paper: a part of the small print."""


class quiz_answers(nodes.General, nodes.Element):  # type: ignore[misc]  # noqa: N801
    """On paper: all answers of a section."""


class QuizDirective(SphinxDirective):
    """`:::{quiz} Question`."""

    has_content = True
    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[OptionSpec] = {"label": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Read the quiz; one that cannot be read is a warning, so an error."""
        try:
            if "label" not in self.options:
                raise QuizError("this quiz has no label", -1, "`:label: quiz-…`")
            read = read_quiz(self.arguments[0], "\n".join(self.content))
        except QuizError as error:
            line = self.line_of(error.line)
            place = (self.env.docname, line)
            LOG.warning("%s: expected %s", error, error.expected, location=place)
            return []
        return self.make(read)

    def line_of(self, line: int) -> int:
        """The line in the file of a line of the body."""
        return int(self.lineno + 1 + self.content_offset + line)

    def make(self, read: Quiz) -> list[nodes.Node]:
        """The nodes of a quiz."""
        children, messages = self.state.inline_text(read.question, self.lineno)
        node = quiz("", quiz_question("", "", *children), numeric=read.is_numeric)
        self.set_source_info(node)
        name_node(self, node, plain(children))
        if read.stem.markdown:
            node += self.parsed(quiz_stem(), read.stem)
        for number, option in enumerate(read.options):
            node += quiz_option(
                "",
                self.parsed(quiz_text(), option.text),
                self.parsed(quiz_why(), option.why),
                right=option.is_right,
                letter="" if read.is_numeric else letter(number),
            )
        return [node, *messages]

    def parsed(self, node: nodes.Element, text: Text) -> nodes.Element:
        """A node with some Markdown in it."""
        lines = StringList(text.markdown.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset + text.line, node)
        return node


class NumberQuizzes(SphinxTransform):
    """Number the quizzes of a page."""

    default_priority = 20

    def apply(self, **kwargs: Any) -> None:
        """Write the numbers."""
        for number, node in enumerate(self.document.findall(quiz), start=1):
            node["number"] = number


def options_of(node: quiz) -> list[nodes.Element]:
    """The options of a quiz."""
    return [child for child in node.children if isinstance(child, quiz_option)]


def named(words: str) -> nodes.strong:
    """What an option is called, before it."""
    return nodes.strong("", words)


def with_name(name: str, block: nodes.Element) -> list[nodes.Node]:
    """The blocks of a text, the first with a name before its words."""
    blocks = [child.deepcopy() for child in block.children]
    if not name:
        return blocks
    start = [named(name), nodes.Text(" ")]
    if blocks and isinstance(blocks[0], nodes.paragraph):
        blocks[0].children[:0] = start
        for child in start:
            child.parent = blocks[0]
        return blocks
    return [nodes.paragraph("", "", *start), *blocks]


def name_of(option: nodes.Element) -> str:
    """What an option is called: its letter, or the number itself."""
    return option["letter"] or plain(option[0].children)


def right_names(node: quiz) -> list[str]:
    """What the right options of a quiz are called."""
    return [name_of(option) for option in options_of(node) if option["right"]]


def plain_number(text: str, language: str) -> str:
    """A number as a script reads it: `1 024,5` in French is `1024.5`.

    Raises:
        ValueError: If the text is no number.
    """
    marks = LOCALES[language]
    for sign in (*marks.thousands, " ", "\u00a0", "\u202f", "%"):
        text = text.replace(sign, "")
    found = text.replace(marks.decimal, ".").replace("\u2212", "-").strip()
    float(found)
    return found


def reasons_of(node: quiz) -> list[nodes.Element]:
    """Why each option is right or wrong, in their order."""
    items = []
    for option in options_of(node):
        name = name_of(option)
        stop = "." if name[-1:].isalnum() else ""
        item = nodes.list_item("", *with_name(f"{name}{stop}", option[1]))
        item["classes"].append("right" if option["right"] else "wrong")
        items.append(item)
    return items


class QuizFolds(SphinxPostTransform):
    """On the site: lettered options, and the answer in a fold."""

    default_priority = 880
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put the options in a list and the reasons in a fold."""
        texts = book_texts(self.config)["shape"]
        for node in list(self.document.findall(quiz)):
            node["name"] = texts["question"].format(number=node["number"])
            names = right_names(node)
            said = texts["right"]["one" if len(names) == 1 else "many"]
            answer = quiz_answer("", *reasons_of(node), title=texts["answer"])
            answer["said"] = said.format(answers=", ".join(names))
            options = options_of(node)
            if node["numeric"]:
                language = self.config.book_language
                numbers = [plain_number(name_of(one), language) for one in options]
                node["numbers"] = " ".join(numbers)
                node["right"] = [one["right"] for one in options].index(True)
            for option in options:
                node.remove(option)
                option.remove(option[1])
            if not node["numeric"]:
                node += quiz_options("", *options)
            node += answer


class QuizOnPaper(SphinxPostTransform):
    """On paper: the answers together, small, at the end of the section."""

    default_priority = 880
    formats = ("latex",)

    def run(self, **kwargs: Any) -> None:
        """Take the reasons out."""
        texts = book_texts(self.config)["shape"]
        blocks: dict[int, nodes.Element] = {}
        answers: dict[int, list[nodes.Node]] = {}
        for node in list(self.document.findall(quiz)):
            block = section_of(node)
            blocks[id(block)] = block
            node["name"] = texts["question"].format(number=node["number"])
            # Without the words "right answer": what is right comes first.
            reasons = sorted(
                reasons_of(node), key=lambda item: "wrong" in item["classes"]
            )
            answer = quiz_answer("", *reasons, number=node["number"])
            answers.setdefault(id(block), []).append(answer)
            for option in options_of(node):
                option.remove(option[1])
        for key, found in answers.items():
            blocks[key] += quiz_answers("", *found, title=texts["answers"])


def section_of(node: nodes.Node) -> nodes.Element:
    """The section around a node."""
    while node.parent and not isinstance(node, nodes.section):
        node = node.parent
    return node


def visit_quiz(translator: HTML5Translator, node: quiz) -> None:
    """Open the quiz."""
    said = {"aria-labelledby": f"{node['ids'][0]}-question", "data-quiz": "options"}
    if node["numeric"]:
        said |= {"data-quiz": "number", "data-numbers": node["numbers"]}
        said["data-right"] = str(node["right"])
    translator.body.append(
        translator.starttag(node, "div", CLASS="quiz", ROLE="group", **said)
    )


def depart_div(translator: HTML5Translator, node: nodes.Element) -> None:
    """Close a box."""
    translator.body.append("</div>\n")


def visit_question(translator: HTML5Translator, node: quiz_question) -> None:
    """Open the question."""
    about = node.parent
    translator.body.append(
        f'<p class="quiz-question" id="{about["ids"][0]}-question">'
        f'<span class="quiz-number">{about["name"]}</span> '
    )


def depart_question(translator: HTML5Translator, node: quiz_question) -> None:
    """Close the question."""
    translator.body.append("</p>\n")


def visit_stem(translator: HTML5Translator, node: quiz_stem) -> None:
    """Open the stem."""
    translator.body.append('<div class="quiz-stem">')


def visit_options(translator: HTML5Translator, node: quiz_options) -> None:
    """Open the list of the options."""
    translator.body.append('<ol class="quiz-options" type="A">\n')


def depart_options(translator: HTML5Translator, node: quiz_options) -> None:
    """Close the list."""
    translator.body.append("</ol>\n")


def visit_option(translator: HTML5Translator, node: quiz_option) -> None:
    """Open an option."""
    right = "true" if node["right"] else "false"
    translator.body.append(f'<li data-right="{right}">')


def depart_option(translator: HTML5Translator, node: quiz_option) -> None:
    """Close an option."""
    translator.body.append("</li>\n")


def visit_answer(translator: HTML5Translator, node: quiz_answer) -> None:
    """Open the fold of the answer."""
    translator.body.append(
        '<details class="fold-line quiz-answer">'
        f"<summary>{node['title']}</summary>\n"
        f'<p class="quiz-right">{translator.encode(node["said"])}</p>\n<ul>\n'
    )


def depart_answer(translator: HTML5Translator, node: quiz_answer) -> None:
    """Close the fold of the answer."""
    translator.body.append("</ul>\n</details>\n")


def nothing(translator: Any, node: nodes.Element) -> None:
    """Write nothing around the children."""


def quiz_height(node: quiz) -> int:
    """About how high a quiz is on paper, in points: it is not broken."""
    return 14 * (len(options_of(node)) + 2 + len(node.astext()) // 84)


def visit_latex_quiz(translator: LaTeXTranslator, node: quiz) -> None:
    """Begin a quiz on paper."""
    translator.body.append(f"\n\\room{{{quiz_height(node)}pt}}")
    for name in node["ids"]:
        translator.body.append(translator.hypertarget(name))


def depart_latex_quiz(translator: LaTeXTranslator, node: quiz) -> None:
    """End a quiz."""
    translator.body.append("\\quizend\n")


def visit_latex_question(translator: LaTeXTranslator, node: quiz_question) -> None:
    """Begin the question."""
    name = translator.encode(node.parent["name"])
    translator.body.append(f"\n\\quizquestion{{{name}}}{{")


def depart_latex_question(translator: LaTeXTranslator, node: quiz_question) -> None:
    """End the question."""
    translator.body.append("}\n")


def visit_latex_option(translator: LaTeXTranslator, node: quiz_option) -> None:
    """Begin an option; a number that answers is not given away."""
    if not node["letter"]:
        raise nodes.SkipNode
    translator.body.append(f"\n\\quizoption{{{node['letter']}}}{{")


def depart_latex_option(translator: LaTeXTranslator, node: quiz_option) -> None:
    """End an option."""
    translator.body.append("}")


def visit_latex_answers(translator: LaTeXTranslator, node: quiz_answers) -> None:
    """Begin the small print."""
    title = translator.encode(node["title"])
    translator.body.append(f"\n\\begin{{quizanswers}}{{{title}}}\n")


def depart_latex_answers(translator: LaTeXTranslator, node: quiz_answers) -> None:
    """End the small print."""
    translator.body.append("\n\\end{quizanswers}\n")


def visit_latex_answer(translator: LaTeXTranslator, node: quiz_answer) -> None:
    """Write the answer to one question: its reasons run on."""
    translator.body.append(f"\n\\quizanswer{{{node['number']}}}{{")
    for item in node.children:
        for block in item.children:
            if isinstance(block, nodes.paragraph):
                block = nodes.inline("", "", *block.children, nodes.Text(" "))
            block.walkabout(translator)
    translator.body.append("}\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    empty = (nothing, nothing)
    app.add_node(
        quiz,
        html=(visit_quiz, depart_div),
        latex=(visit_latex_quiz, depart_latex_quiz),
    )
    app.add_node(
        quiz_question,
        html=(visit_question, depart_question),
        latex=(visit_latex_question, depart_latex_question),
    )
    app.add_node(quiz_stem, html=(visit_stem, depart_div), latex=empty)
    app.add_node(
        quiz_option,
        html=(visit_option, depart_option),
        latex=(visit_latex_option, depart_latex_option),
    )
    app.add_node(quiz_text, html=empty, latex=empty)
    app.add_node(quiz_why, html=empty, latex=empty)
    app.add_node(quiz_options, html=(visit_options, depart_options))
    app.add_node(
        quiz_answer,
        html=(visit_answer, depart_answer),
        latex=(visit_latex_answer, nothing),
    )
    app.add_node(quiz_answers, latex=(visit_latex_answers, depart_latex_answers))
    app.add_directive("quiz", QuizDirective)
    app.add_transform(NumberQuizzes)
    app.add_post_transform(QuizFolds)
    app.add_post_transform(QuizOnPaper)
