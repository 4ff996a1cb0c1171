r"""Roles, links and attributes inside sentences, as Jupyter's Markdown knows them.

The text is read once from left to right; code and formulas are copied as they are.
"""

import re
from collections.abc import Callable

from bilingual_book.errors import BookError
from bilingual_book.notebooks.context import Context

_ROLE = re.compile(r"\{([A-Za-z][\w:+.-]*)\}(`+)")
_TARGET = re.compile(r"^(.*?)\s*<([^<>]+)>$", re.S)
_ATTRIBUTES = re.compile(r"\{\s*([.#A-Za-z][^{}\n]*)\}")
_LANGUAGE = re.compile(r"\.language-([a-z]+)")
_TAGS = {"sub": "sub", "subscript": "sub", "sup": "sup", "superscript": "sup"}


def convert_inline(text: str, context: Context) -> str:
    """Convert the sentences of a text."""
    out = ""
    position = 0
    while position < len(text):
        rest = text[position:]
        if rest[0] == "\\" and len(rest) > 1:
            out, step = out + rest[:2], 2
        elif rest[0] == "`":
            step = span_length(rest, re.match("`+", rest)[0])  # type: ignore[index]
            out += rest[:step]
        elif rest[0] == "$":
            step = span_length(rest, "$$" if rest.startswith("$$") else "$")
            out += rest[:step]
        elif match := _ROLE.match(rest):
            length = span_length(rest[match.start(2) :], match[2])
            step = match.start(2) + length
            content = rest[match.end() : step - len(match[2])].strip()
            out += role(match[1], content, context)
        elif rest.startswith("[^"):
            raise context.fail("a footnote")
        elif rest.startswith("]("):
            out, step = link(out, rest, context)
        elif out[-1:] in {"]", ")", "`"} and (match := _ATTRIBUTES.match(rest)):
            out, step = without_attributes(out, match[1]), match.end()
        else:
            out, step = out + rest[0], 1
        position += step
    return out


def span_length(text: str, mark: str) -> int:
    """The length of what a mark opens, both marks included; the mark's if none ends."""
    start = len(mark)
    while (end := text.find(mark, start)) >= 0:
        after = text[end + len(mark) : end + len(mark) + 1]
        escaped = mark[0] == "$" and text[end - 1] == "\\"
        longer = mark[0] == "`" and (after == "`" or text[end - 1] == "`")
        if not escaped and not longer:
            return end + len(mark)
        start = end + 1
        while longer and text[start : start + 1] == "`":
            start += 1
    return len(mark)


def role(name: str, content: str, context: Context) -> str:
    """What a role becomes.

    Raises:
        BookError: If the role, or what it names, is unknown.
    """
    links = context.links
    match = _TARGET.match(content)
    text, target = (match[1], match[2].strip()) if match else ("", content)
    if text:
        text = convert_inline(text, context)
    writers: dict[str, Callable[[], str]] = {
        "ref": lambda: links.label(target, text),
        "numref": lambda: links.label(target, text, numbered=True),
        "eq": lambda: links.equation(target),
        "doc": lambda: links.page(target.removesuffix(".md").lstrip("/"), text),
        "term": lambda: links.term(target, text),
        "math": lambda: f"${content}$",
        "glue": lambda: context.numbers[content],
        "glue:text": lambda: context.numbers[content.split(":")[0]],
        "glue:md": lambda: context.numbers[content],
        "abbr": lambda: re.sub(
            r"^(.*?)\s*\((.*)\)$", r'<abbr title="\2">\1</abbr>', content
        ),
        "kbd": lambda: f"<kbd>{content}</kbd>",
        "code": lambda: f"`{content}`",
        "index": lambda: text or content,
        "download": lambda: links.file(context.page.path.parent / target, text),
    }
    if name in _TAGS:
        return f"<{_TAGS[name]}>{content}</{_TAGS[name]}>"
    if not name.startswith("cite") and name not in writers:
        raise context.fail(f"the role {{{name}}}")
    try:
        return links.citation(content, name) if name not in writers else writers[name]()
    except KeyError as error:
        raise BookError(
            f"{{{name}}}`{content}` names nothing that the site or a run knows",
            path=context.page.path,
            expected="a label, page, work or reported number",
            fix="mend the name, then build and execute the page again",
        ) from error


def link(out: str, rest: str, context: Context) -> tuple[str, int]:
    """The end of a link or picture: a place in the book becomes its address."""
    end = rest.find(")")
    address, _, title = rest[2:end].strip().partition(" ")
    opening = matching_bracket(out)
    if opening > 0 and out[opening - 1] == "!":
        if not address.startswith("attachment:"):
            address = context.attach(address)
    elif not address.startswith(("http:", "https:", "mailto:")):
        path, _, anchor = address.partition("#")
        slug = path.removesuffix(".md") or context.page.path.stem
        shown = context.links.label(anchor) if anchor else context.links.page(slug)
        name, _, found = shown[1:-1].rpartition("](")
        address = found
        if out.endswith("["):
            out += name
    title = f" {title}" if title else ""
    return f"{out}]({address}{title})", end + 1


def matching_bracket(text: str) -> int:
    """The index of the [ that is open at the end of a text, or -1."""
    depth = 0
    for index in range(len(text) - 1, -1, -1):
        if text[index] == "]":
            depth += 1
        elif text[index] == "[":
            if depth == 0:
                return index
            depth -= 1
    return -1


def without_attributes(out: str, attributes: str) -> str:
    """Drop `{.class}`; the language of a span, `{.language-en}`, is kept as HTML."""
    opening = matching_bracket(out[:-1]) if out.endswith("]") else -1
    if opening < 0:
        return out
    text = out[opening + 1 : -1]
    language = _LANGUAGE.search(attributes)
    if language:
        text = f'<span lang="{language[1]}">{text}</span>'
    return out[:opening] + text
