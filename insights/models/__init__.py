"""The tables of insights: one reading per lead, packs of readings, and questions about a pack."""

from insights.models.insight import ConversationInsight
from insights.models.pack import ContextPack, PackThread
from insights.models.question import PackQuestion

__all__ = [
    "ContextPack",
    "ConversationInsight",
    "PackQuestion",
    "PackThread",
]
