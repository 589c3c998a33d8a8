"""The facts (prices, links, answers) of the demo's workspaces. Drafts for their leads are based on them."""

from inbox.models import User, Workspace, WorkspaceFact
from inbox.workspaces import factbook

FACTS = {
    "northwind": (
        ("answer", "Do you handle interstate moves and fleets?", "Yes, in all 48 contiguous states."),
        (
            "answer",
            "Do you only work with cafes, or grocery too?",
            "Any owner-run business that has slow months: cafes, groceries, movers, trades.",
        ),
        ("answer", "Is there a minimum spend?", "No. There is the monthly price and nothing on top of it."),
        ("answer", "How soon can you start?", "Within two weeks of a yes."),
        (
            "answer",
            "Do you cover reefer and other freight?",
            "Yes, reefer and dry van, with carriers of any size.",
        ),
        (
            "answer",
            "Do you work with shops of two people?",
            "Yes, most of our clients are five people or fewer.",
        ),
        ("price", "The monthly price", "$2,400 a month, cancelled any month. Nothing is taken off by mail."),
        (
            "price",
            "Can we do a trial month?",
            "Yes, the first month is a trial for $900. We need your calendar and last year's slow months for it.",
        ),
        (
            "link",
            "Overview on one page",
            "https://northwind.example.com/overview when they ask for something in writing.",
        ),
        ("never", "guaranteed results", "Say that results differ, and offer to show others'."),
    ),
    "bluebird": (
        ("answer", "Which software do you plug into?", "QuickBooks, Xero and Square."),
        (
            "answer",
            "Have you done this for something seasonal?",
            "Yes, for bakeries, wineries and farm shops.",
        ),
        (
            "answer",
            "Is there a retainer or a contract, and what are the terms?",
            "No retainer: it runs from month to month and ends with a mail from you.",
        ),
        (
            "price",
            "Bookkeeping by the month",
            "$490 a month for up to 200 entries, $290 for a lighter plan of up to 60. The first month is free.",
        ),
        (
            "link",
            "Overview on one page, with prices",
            "https://bluebird.example.net/overview when they ask for something to pass on.",
        ),
        ("never", "tax advice", "Say that their tax adviser decides, and that our books are ready for them."),
    ),
    "copperfield": (
        (
            "answer",
            "What is a round table?",
            "Eight owners of firms like yours, who meet for a morning each month with a moderator.",
        ),
        ("answer", "Can I come once to see?", "Yes, the first morning is a taster and costs nothing."),
        ("price", "Membership", "$350 a month, ended any month."),
        ("link", "Dates", "https://copperfield.example.org/dates when they ask when the tables meet."),
        ("never", "who sits at a table", "Say that names stay at the table."),
    ),
}


def seed(label: str, workspace: Workspace, by: User) -> None:
    """Write the facts about the company (prices, links, answers) of the new demo workspace `label`, in the caller's
    transaction. `by` is recorded as their author.
    """
    rows = [
        WorkspaceFact(workspace=workspace, kind=kind, question=question, answer=answer)
        for kind, question, answer in FACTS[label]
    ]
    factbook.write_all(workspace, by, rows, [])
