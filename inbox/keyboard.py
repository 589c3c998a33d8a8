"""The keyboard: one table that the script binds and the help sheet shows.

`action` is a name in static/holdfast.js; where that has no function of the name, the element with
`data-shortcut="<action>"` is clicked. Keys of one letter can be switched off (User.single_key_shortcuts).
"""

from typing import NamedTuple


class Shortcut(NamedTuple):
    action: str
    label: str
    keys: tuple[str, ...]


SHORTCUTS = (
    Shortcut("next", "Move down", ("j",)),
    Shortcut("previous", "Move up", ("k",)),
    Shortcut("open", "Open", ("Enter",)),
    Shortcut("back", "Back to the list", ("Escape",)),
    Shortcut("select", "Select", ("x",)),
    Shortcut("done", "Done", ("e",)),
    Shortcut("snooze", "Snooze", ("h",)),
    Shortcut("unread", "Mark unread", ("u",)),
    Shortcut("reply", "Reply", ("r",)),
    Shortcut("send", "Send", ("Control", "Enter")),
    Shortcut("undo", "Undo", ("z",)),
    Shortcut("search", "Search", ("/",)),
    Shortcut("keys", "This sheet", ("?",)),
)
