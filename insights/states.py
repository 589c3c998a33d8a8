"""How the states of packs, threads and questions look (inbox.states)."""

from inbox.states import State
from insights.models import ContextPack, PackQuestion, PackThread

PACKS = {
    ContextPack.Status.PENDING: State("info", "clock", "Waiting"),
    ContextPack.Status.RUNNING: State("info", "run", "Building"),
    ContextPack.Status.COMPLETE: State("ok", "ok", "Fresh"),
    ContextPack.Status.FAILED: State("bad", "fail", "Failed"),
}
THREADS = {
    PackThread.Status.PENDING: State("", "clock", "To be read"),
    PackThread.Status.DONE: State("ok", "check", "Read"),
    PackThread.Status.FAILED: State("bad", "fail", "Failed"),
}
QUESTIONS = {
    PackQuestion.Status.PENDING: State("info", "run", "Being answered"),
    PackQuestion.Status.ANSWERED: State("ok", "check", "Answered"),
    PackQuestion.Status.FAILED: State("bad", "fail", "Not answered"),
}
