"""Example Mail: cold e-mail campaigns, and the replies to them."""

NAME = "examplemail"
