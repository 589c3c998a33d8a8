"""SmartLead, which sends cold e-mail campaigns and receives the replies."""

NAME = "smartlead"
