"""The lines of code on a page: light, and each knows where it goes on.

Pygments wraps every name, every comma and every space in an element of its own. They
have the colour of the text here, so they stand without one: half the elements of a
chapter less, which a slow telephone need not lay out.

A style sheet can let a line go on below itself, but not under its own indentation. So
a line that may be too long stands in an element that says how far it is indented.
"""

import html
import re

# On a screen of 360 pixels forty-two columns are seen; on the first line of a cell, the
# copy button stands beside the last of them.
LONG, LONG_FIRST = 38, 32
CODE = re.compile(
    r'(<div class="highlight-(?!myst-ansi|none|text|default)[\w-]+ notranslate">'
    r'<div class="highlight"><pre>)(.*?)(</pre>)',
    re.DOTALL,
)
TAG = re.compile(r"<[^>]*>")
# Names, names of modules, spaces, punctuation, operators.
PLAIN = re.compile(r'<span class="(?:n|nn|w|p|o)">([^<]*)</span>')


def mend_code(markup: str) -> str:
    """Unwrap the plain words and mark the long lines of every block of code."""
    return CODE.sub(
        lambda block: block[1] + hang_block(PLAIN.sub(r"\1", block[2])) + block[3],
        markup,
    )


def hang_block(code: str) -> str:
    """Mark the long lines of one block.

    Pygments leaves no element open at the end of a line.
    """
    first, *others = code.split("\n")
    lines = [hang_line(first, LONG_FIRST, "line first")]
    lines += [hang_line(line, LONG, "line") for line in others]
    return "\n".join(lines)


def hang_line(line: str, longest: int, name: str) -> str:
    """Mark one line if it is longer than so many signs."""
    text = html.unescape(TAG.sub("", line)).rstrip()
    if len(text) <= longest or line.count("<span") != line.count("</span"):
        return line
    indent = len(text) - len(text.lstrip(" "))
    return f'<span class="{name}" style="--in:{indent}">{line}</span>'
