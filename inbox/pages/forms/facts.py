"""The forms for a workspace's facts. The same rules check a fact that is typed in and a fact from a file."""

import re
from typing import Any, NamedTuple

from django import forms

from inbox.models import WorkspaceFact
from inbox.models.workspace_fact import ANSWER_CHARS, FOLDED_CHARS, QUESTION_CHARS, folded
from inbox.pages.forms.posted_text import PostedText

Kind = WorkspaceFact.Kind
MAX_FILE_BYTES = 1_000_000


class Words(NamedTuple):
    """What the facts page calls one kind of fact: its heading, and the labels of its two texts."""

    heading: str
    what: str
    add: str
    question: str
    answer: str
    answer_help: str


WORDS: dict[str, Words] = {
    Kind.ANSWER: Words(
        "Answers",
        "What people ask, and what is true.",
        "Add an answer",
        "What people ask",
        "What is true",
        "In your own words. An answer may use it as it stands, or a part of it.",
    ),
    Kind.PRICE: Words(
        "Prices",
        "An answer names no other price.",
        "Add a price",
        "What it is the price of",
        "The price and its policy",
        "As in: $1,500 a month per crew, cancelled any month. No discounts by mail.",
    ),
    Kind.LINK: Words(
        "Links",
        "An answer holds no other link.",
        "Add a link",
        "What is behind it",
        "The link, and when to give it",
        "As in: https://example.com/brochure. Only when they ask for material.",
    ),
    Kind.NEVER: Words(
        "Never said",
        "A draft with one of these phrases waits for a person, whatever else is in it.",
        "Add a phrase",
        "The phrase",
        "What to say instead",
        "May stay empty.",
    ),
}


class FactForm(forms.Form):
    """The form with one fact about the company that drafted answers may use. `kind` (of WorkspaceFact.Kind) says of
    which sort.
    """

    question = forms.CharField(max_length=QUESTION_CHARS)
    answer = PostedText(max_length=ANSWER_CHARS, widget=forms.Textarea(attrs={"rows": 5}))
    position = forms.IntegerField(
        label="Order", required=False, min_value=0, max_value=32_767, help_text="Lowest first. Empty: last."
    )

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, words = kind, WORDS[kind]
        self.fields["question"].label = words.question
        self.fields["answer"].label = words.answer
        self.fields["answer"].help_text = words.answer_help
        self.fields["answer"].required = kind != Kind.NEVER
        for name in ("question", "answer"):
            self.fields[name].error_messages["required"] = "It is empty. Write it."

    def clean_question(self) -> str:
        question = " ".join(self.cleaned_data["question"].split())
        if not re.search(r"\w", folded(question)):
            raise forms.ValidationError("Write at least one word.")
        if len(folded(question)) > FOLDED_CHARS:
            raise forms.ValidationError("It is too long. Shorten it.")
        return question

    def clean_answer(self) -> str:
        answer = str(self.cleaned_data["answer"])
        if self.kind == Kind.LINK and not re.search(r"https?://\w", answer):
            raise forms.ValidationError("Give the link itself, beginning with https://.")
        return answer


class FactFileForm(forms.Form):
    """The form that imports facts about the company from a CSV: the `file` or, after the page showed what it would do,
    its `text`. `seen` identifies what the page showed.
    """

    file = forms.FileField(
        label="CSV file",
        required=False,
        help_text="With the columns kind, question and answer. At most 1 MB and 500 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    text = forms.CharField(
        label="What the file holds",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if file is not None and not self.errors:
            if file.size > MAX_FILE_BYTES:
                self.add_error("file", "The file is larger than 1 MB. Split it, and import the parts.")
                return cleaned
            try:
                cleaned["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "The file is not UTF-8. Save it as “CSV UTF-8” and choose it again.")
        elif not self.errors and not text.strip():
            self.add_error("file", "Choose a file.")
        elif len(text.encode()) > MAX_FILE_BYTES:
            self.add_error("text", "The text is larger than 1 MB. Split it, and import the parts.")
        return cleaned
