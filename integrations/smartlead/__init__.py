"""SmartLead, which sends cold email campaigns and receives the replies."""

NAME = "smartlead"
