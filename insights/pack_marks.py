"""The icons, colours and words for the states of packs, conversations and questions (inbox.pages.state_marks)."""

from inbox.pages.state_marks import StateMark
from insights.models import ContextPack, PackQuestion, PackThread

PACKS = {
    ContextPack.Status.PENDING: StateMark("info", "clock", "Waiting"),
    ContextPack.Status.RUNNING: StateMark("info", "run", "Building"),
    ContextPack.Status.COMPLETE: StateMark("ok", "ok", "Fresh"),
    ContextPack.Status.FAILED: StateMark("bad", "fail", "Failed"),
}
THREADS = {
    PackThread.Status.PENDING: StateMark("", "clock", "To be read"),
    PackThread.Status.DONE: StateMark("ok", "check", "Read"),
    PackThread.Status.FAILED: StateMark("bad", "fail", "Failed"),
}
QUESTIONS = {
    PackQuestion.Status.PENDING: StateMark("info", "run", "Being answered"),
    PackQuestion.Status.ANSWERED: StateMark("ok", "check", "Answered"),
    PackQuestion.Status.FAILED: StateMark("bad", "fail", "Not answered"),
}
