"""The table of shortcuts: a script binds the keys, the help sheet lists them, and the palette offers the actions.

`action` names a function of the script. If there is no such function, the script clicks the element with
`data-shortcut="<action>"`. A user can switch off one-letter keys (User.single_key_shortcuts).
"""

from typing import NamedTuple

CAPS = {"Control": "Ctrl", "Escape": "Esc"} | {key: f"Shift {key.lower()}" for key in "DJKLN"}


class Shortcut(NamedTuple):
    """A keyboard action: its label, its keys (KeyboardEvent.key), and the "lead", "list" or "page" that it acts on.

    An action without keys is offered only by the palette.
    """

    action: str
    label: str
    keys: tuple[str, ...] = ()
    about: str = "lead"

    @property
    def caps(self) -> list[str]:
        """The labels of the keys, as on a keyboard."""
        return [CAPS.get(key, key) for key in self.keys]


SHORTCUTS = (
    Shortcut("next", "Move down", ("j",), "list"),
    Shortcut("previous", "Move up", ("k",), "list"),
    Shortcut("open", "Open, then send its ready draft", ("Enter",), "list"),
    Shortcut("back", "Back to the list", ("Escape",), "list"),
    Shortcut("tab1", "Hot", ("1",), "list"),
    Shortcut("tab2", "Drafts", ("2",), "list"),
    Shortcut("tab3", "Going out", ("3",), "list"),
    Shortcut("tab4", "Overdue", ("4",), "list"),
    Shortcut("tab5", "Declined", ("5",), "list"),
    Shortcut("select", "Select", ("x",), "list"),
    Shortcut("select_next", "Move down and select", ("J",), "list"),
    Shortcut("select_previous", "Move up and select", ("K",), "list"),
    Shortcut("done", "Done", ("e",)),
    Shortcut("snooze", "Snooze", ("h",)),
    Shortcut("unread", "Mark unread", ("u",)),
    Shortcut("assign", "Assign", ("m",)),
    Shortcut("tag", "Tag", ("t",)),
    Shortcut("label", "Labels", ("l",)),
    Shortcut("accept", "Accept the suggested label", ("L",)),
    Shortcut("decline", "Dismiss the suggested label", ("D",)),
    Shortcut("reply", "Reply", ("r",)),
    Shortcut("snippet", "Snippet", (";",)),
    Shortcut("send", "Send", ("Control", "Enter")),
    Shortcut("go_on", "Send and open the next", ("Control", "Shift", "Enter")),
    Shortcut("note", "Add a note", ("n",)),
    Shortcut("confirm", "Confirm the suspicion", ("y",)),
    Shortcut("deny", "Reject the suspicion", ("N",)),
    Shortcut("alike", "Review similar replies", ("a",)),
    Shortcut("trace", "Open the newest message’s trace", ("i",)),
    Shortcut("forward", "Forward the newest message"),
    Shortcut("times", "Offer a time"),
    Shortcut("later", "Send later"),
    Shortcut("hold", "Hold the draft"),
    Shortcut("rewrite", "Rewrite the draft"),
    Shortcut("discard", "Discard the draft"),
    Shortcut("details", "Details"),
    Shortcut("filter", "Filter the list", (), "page"),
    Shortcut("save_view", "Save the list as a view", (), "page"),
    Shortcut("undo", "Undo, or take back a send", ("z",), "page"),
    Shortcut("search", "Search", ("/",), "page"),
    Shortcut("commands", "Commands", ("Control", "k"), "page"),
    Shortcut("keys", "Keyboard shortcuts", ("?",), "page"),
)
