"""The table of keyboard shortcuts, which the script binds and the help sheet shows.

`action` is the name of a function in static/holdfast.js. If there is none, the element with
`data-shortcut="<action>"` is clicked. Keys of one letter can be switched off (User.single_key_shortcuts).
"""

from typing import NamedTuple

CAPS = {"Control": "Ctrl", "Escape": "Esc", "J": "Shift j", "K": "Shift k", "N": "Shift n"}


class Shortcut(NamedTuple):
    """One keyboard shortcut: the action that it does, its label, and its keys, named as the browser does
    (KeyboardEvent.key).
    """

    action: str
    label: str
    keys: tuple[str, ...]

    @property
    def caps(self) -> list[str]:
        """The shortcut's keys as they are printed on a keyboard."""
        return [CAPS.get(key, key) for key in self.keys]


SHORTCUTS = (
    Shortcut("next", "Move down", ("j",)),
    Shortcut("previous", "Move up", ("k",)),
    Shortcut("open", "Open", ("Enter",)),
    Shortcut("back", "Back to the list", ("Escape",)),
    Shortcut("select", "Select", ("x",)),
    Shortcut("select_next", "Move down and select", ("J",)),
    Shortcut("select_previous", "Move up and select", ("K",)),
    Shortcut("done", "Done", ("e",)),
    Shortcut("snooze", "Snooze", ("h",)),
    Shortcut("unread", "Mark unread", ("u",)),
    Shortcut("assign", "Assign", ("m",)),
    Shortcut("tag", "Tag", ("t",)),
    Shortcut("reply", "Reply", ("r",)),
    Shortcut("snippet", "Snippet", (";",)),
    Shortcut("send", "Send", ("Control", "Enter")),
    Shortcut("go_on", "Send, open the next", ("Control", "Shift", "Enter")),
    Shortcut("note", "Note for colleagues", ("n",)),
    Shortcut("confirm", "It is what it may be", ("y",)),
    Shortcut("deny", "It is not", ("N",)),
    Shortcut("alike", "Look at the replies alike", ("a",)),
    Shortcut("trace", "What happened to the newest message", ("i",)),
    Shortcut("undo", "Undo, also a send", ("z",)),
    Shortcut("search", "Search", ("/",)),
    Shortcut("commands", "Commands, anywhere", ("Control", "k")),
    Shortcut("keys", "This sheet", ("?",)),
)
