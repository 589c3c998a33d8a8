"""The database wrapper with a thread's gate (`jobs.connections`) and a limit on waits (`jobs.stalls`)."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus

from jobs import stalls
from jobs.connections import Gate, gate_of_this_thread


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits at the gate of its thread, if it has one, before it connects. It takes a connection that the gate keeps,
    and later leaves its own for the gate to keep.
    """

    _passed: Gate | None = None

    def connect(self) -> None:
        gate = gate_of_this_thread()
        if gate is None or self._passed is not None:
            super().connect()
            return
        gate.enter()
        self._passed = gate
        try:
            super().connect()
        except BaseException:
            self._leave()
            raise

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        passed = self._passed.take() if self._passed else None
        if passed is None:
            with stalls.connecting(conn_params) as params:
                return stalls.watched(super().get_new_connection(params))
        self.isolation_level = passed.isolation_level or IsolationLevel.READ_COMMITTED
        return passed

    def close(self) -> None:
        if self._passed and self.connection is not None and self.connection.closed:
            # The connection broke. Kept connections lead to the same server. If that has vanished, every thread that
            # took one would wait in vain.
            self._passed.close()
        if self._passed and self.connection is not None and self._is_as_new():
            self._passed.keep(self.connection)
            self.connection = None  # nothing is left for Django to close
        try:
            super().close()
        finally:
            if self.connection is None:
                self._leave()

    def _is_as_new(self) -> bool:
        return (
            not self.errors_occurred
            and not self.in_atomic_block
            and not self.connection.closed
            and self.connection.info.transaction_status == TransactionStatus.IDLE
        )

    def _leave(self) -> None:
        if self._passed is not None:
            passed, self._passed = self._passed, None
            passed.leave()
