"""A small SOCKS 5 proxy (RFC 1928, RFC 1929) for a `Wire`: it greets a connection, then carries it."""

from dataclasses import dataclass

from wire import Exchange

NO_LOGIN, LOGIN, NOT_ACCEPTED = b"\x00", b"\x02", b"\xff"
CONNECTED = 0


@dataclass
class SOCKSProxy:
    """What a proxy does with each connection.

    Attributes:
        port: The port of this machine that it connects to, whatever the client asks for.
        user: The user name that it wants, if any.
        password: The password.
        reply: Its reply to the request to connect.
    """

    port: int
    user: bytes = b""
    password: bytes = b""
    reply: int = CONNECTED

    def __call__(self, exchange: Exchange) -> None:
        """Serve a connection from its first byte to its end."""
        _, count = exchange.receive(2)
        wanted = LOGIN if self.user else NO_LOGIN
        if wanted not in exchange.receive(count):
            exchange.send(b"\x05" + NOT_ACCEPTED)
            exchange.close()
            return
        exchange.send(b"\x05" + wanted)
        if self.user and not self._log_in(exchange):
            exchange.close()
            return
        self._receive_address(exchange)
        exchange.send(bytes([5, self.reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        if self.reply == CONNECTED:
            exchange.tunnel(self.port)
        exchange.close()

    def _log_in(self, exchange: Exchange) -> bool:
        exchange.receive(1)
        user = exchange.receive(exchange.receive(1)[0])
        password = exchange.receive(exchange.receive(1)[0])
        accepted = (user, password) == (self.user, self.password)
        exchange.send(b"\x01\x00" if accepted else b"\x01\x01")
        return accepted

    def _receive_address(self, exchange: Exchange) -> None:
        kind = exchange.receive(4)[3]
        length = {1: 4, 4: 16}.get(kind) or exchange.receive(1)[0]
        exchange.receive(length + 2)
