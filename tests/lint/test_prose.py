# SPDX-License-Identifier: MIT
"""Are comments, documents and test names plain technical English?

The check finds phrases that hide the subject of a sentence or replace a standard term. It does not prove good style."""
import collections
import io
import re
import tokenize

import pytest
from sources import files, read

# Phrase → the term or form to write instead. The subject of a sentence is its first word; a test's name is a sentence.
EVERYWHERE = {
    r"^(What|Who|Whom|Whose|Whoever|Whatever)\b(?!.*\?$)": "begin with the subject",
    r"(?<!there )(?<!There )\b(is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|later\b|earlier\b|older\b|larger\b)": '"is not a"',
    r"\b(tells?|told|telling|hears?|heard|hearing)\b": "report, return, log, send, receive",
    r"\bso (many|often|few|long)\b(?! as\b)(?! that\b)": "the number, or a name for it",
}
IN_THE_PROGRAM = {
    r"\banswers?\b": "response",
    r"\b(an?|the|this|that|its|each|every|whole) walks?\b": "transaction, visit",
    r"\broads?\b": "pipeline, path",
    r"\brooms\b|\b(this|each|every|other|own) room\b": "layer, module",
    r"\b(guests?|strangers?|farewells?|bells?)\b": "the term of the module",
    r"\bpost\w* \w+ letters?\b|\bletters? (to|of|for)\b": "task",
}
IN_NAMES = {
    r"^(what|who|whom|whose|whoever|whatever|it)\b": "begin with the subject",
    r"\b(is|are|was|were) no (?!longer\b|more\b)": '"is not a"',
    r"\b(tells?|told|hears?|heard)\b": "report, return, log, send, receive",
}

# Sentences in which a phrase has its ordinary meaning.
ALLOWED = set()

GENERATED = re.compile(r"<!-- options.*?<!-- /options -->|<!-- written by.*\Z|```.*?```", re.S)
HASH_COMMENTS = ("*CMakeLists.txt", "*.cmake", "*.yaml", "*.sh", ".ci/run", "Dockerfile", "deploy/demo", "deploy/image", "*/build",
                 "deploy/packages/install", "deploy/packages/minimal", "deploy/packages/progress", "deploy/static/*",
                 "deploy/release", "tests/run", "tests/arm64", "tests/clean-root", "tests/bench/*", "tests/fuzz/run", "tests/support/apig_sim")


def sentences(text):
    """The sentences of a comment or paragraph, without line breaks."""
    return re.split(r"(?<=[.!?:])\s+(?=[A-Z])", " ".join(text.split()))


def blocks(numbered_lines):
    """(first line, text) of each group of lines that follow one another."""
    first = previous = None
    text = []
    for number, line in [*numbered_lines, (None, "")]:
        if text and number != previous + 1:
            yield first, "\n".join(text)
            text = []
        if not text:
            first = number
        text.append(line)
        previous = number


def comments_of_c(source):
    for match in re.finditer(r"""'(?:\\.|[^'\\])'|"(?:\\.|[^"\\])*"|/\*(.*?)\*/""", source, re.S):
        if match[1]:
            yield source.count("\n", 0, match.start()) + 1, re.sub(r"^\s*\* ?", "", match[1], flags=re.M)


def comments_of_slashes(source):
    return blocks([(number, match[1]) for number, line in enumerate(source.splitlines(), 1)
                   if (match := re.search(r"(?:^|\s)//[/!]?(?: |$)(.*)", line))])


def comments_of_hashes(source):
    return blocks([(number, match[1]) for number, line in enumerate(source.splitlines(), 1)
                   if (match := re.search(r"(?:^|\s)#(?: |$)(.*)", line))])


def comments_of_python(source):
    found, statement_begins = [], True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            found.append((token.start[0], token.string.lstrip("# ")))
        elif token.type == tokenize.STRING and statement_begins:
            yield token.start[0], token.string.strip('"')
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            statement_begins = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    yield from blocks(found)


def paragraphs(source):
    """The paragraphs, list items, headings and table cells of a page that no program wrote."""
    own = GENERATED.sub(lambda match: "\n" * match[0].count("\n"), source)
    for number, line in enumerate(own.splitlines(), 1):
        for cell in re.split(r"\s\|\s|^\|\s|\s\|$", line) if line.startswith("|") else [line]:
            yield number, re.sub(r"^(#+|\*|-|>) |\*\*|`[^`]*`|\"[^\"]*\"", " ", cell)


def is_python(path):
    return path.endswith(".py") or read(path).partition("\n")[0].endswith("python3")


READERS = [
    (files("sidecar/*.c", "sidecar/*.h", "tests/*.c", "tests/*.h"), comments_of_c),
    (files("proto/*.proto", "*.go", "*.rs", "*.js", "*.java", "*.cc"), comments_of_slashes),
    ([path for path in files("*.py", *HASH_COMMENTS) if is_python(path)], comments_of_python),
    ([path for path in files(*HASH_COMMENTS) if not is_python(path)], comments_of_hashes),
    (files("*.md"), paragraphs),
]
TEXTS = {path: comments for paths, comments in READERS for path in paths if not path.endswith("test_prose.py")}


def phrases_in(sentence, phrases):
    return [f"{match[0]!r} ({instead})" for phrase, instead in phrases.items()
            if sentence not in ALLOWED and (match := re.search(phrase, sentence))]


def findings(path):
    phrases = {**EVERYWHERE, **(IN_THE_PROGRAM if path.startswith("sidecar/") else {})}
    return [f"{path}:{number}: {', '.join(found)}: {sentence}" for number, text in TEXTS[path](read(path))
            for sentence in sentences(text) if (found := phrases_in(sentence, phrases))]


def folder_of(path):
    return "/".join(path.split("/")[:2 if path.startswith(("sidecar/", "tests/", "deploy/")) else 1][:path.count("/")]) or "."


FOLDERS = collections.defaultdict(list)
for each in TEXTS:
    FOLDERS[folder_of(each)].append(each)


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_comments_and_documents_are_plain_english(folder):
    found = [finding for path in sorted(FOLDERS[folder]) for finding in findings(path)]
    assert not found, f"{len(found)} findings\n" + "\n".join(found)


def names_of_tests():
    for path in files("tests/*.py"):
        yield from ((path, name) for name in re.findall(r"^def test_(\w+)\(", read(path), re.M))
    for path in files("tests/*.c"):
        yield from ((path, name.removeprefix("test_")) for name in re.findall(r"^static void\s(\w+)\(void \*\*", read(path), re.M))


def test_a_tests_name_is_a_sentence_with_a_subject():
    found = [f"{path}: {name}: {', '.join(phrases)}" for path, name in names_of_tests()
             if (phrases := phrases_in(name.replace("_", " "), IN_NAMES))]
    assert not found, "\n" + "\n".join(found)
