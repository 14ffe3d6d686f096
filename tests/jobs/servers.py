"""Real mail servers for tests: aiosmtpd on a loopback port, told whom to refuse, stall or hang up on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Rules:
    """What the server does to whom, and what it received."""

    refuse: set[str] = field(default_factory=set)
    defer: set[str] = field(default_factory=set)
    stall: set[str] = field(default_factory=set)
    hang_up: set[str] = field(default_factory=set)
    hang_up_times: int = 1_000_000
    received: list[EmailMessage] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    @property
    def readers(self) -> list[str]:
        return [str(mail["To"].addresses[0].addr_spec) for mail in self.received]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        self.connections.add(session.peer)
        if address in self.refuse:
            return "550 5.1.1 no such mailbox"
        if address in self.defer:
            return "451 4.7.1 come back later"
        if address in self.stall:
            await asyncio.sleep(1.0)
        if address in self.hang_up and self.hang_up_times > 0:
            self.hang_up_times -= 1
            cast(asyncio.Transport, server.transport).abort()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast(bytes, envelope.content)
        self.received.append(cast(EmailMessage, BytesParser(policy=default).parsebytes(content)))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(rules: Rules) -> Iterator[str]:
    """Run a server for the block; give its address as a setting takes it."""
    controller = Controller(cast(Any, rules), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()
