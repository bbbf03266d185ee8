"""Servers that the tests of `email` send to: aiosmtpd, which is a real SMTP server, and the vendors' APIs as a local one.

The three vendors cannot be reached from a test. `Vendor` answers as their published references say: it refuses a wrong key and
a body that has a field which the reference does not name, or lacks one that it asks for. It is no proof that a vendor accepts a
message.
"""

import json
import ssl
import threading
import time
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from aiosmtpd.smtp import SMTP as Server
from conftest import free_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Inbox:
    """What arrived, and how often somebody connected; addresses with a special name are refused."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.sessions: set[tuple[str, int]] = set()
        self.delay = 0.0
        self.busy = 0  # recipients that are put off

    @property
    def messages(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(envelope.original_content or b"", policy=default) for envelope in self.envelopes]
        assert all(isinstance(message, EmailMessage) for message in parsed)
        return parsed  # type: ignore[return-value]

    async def handle_RCPT(  # noqa: N802
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("later@") or self.busy > 0:
            self.busy -= 1
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.sessions.add(session.peer)
        time.sleep(self.delay)
        self.envelopes.append(envelope)
        return "250 OK"


class SmtpServer:
    """aiosmtpd on a port of its own; `stop()` and `start()` keep the port."""

    def __init__(self, tls: str = "none", context: ssl.SSLContext | None = None, user: str = "", password: str = "") -> None:
        self.port = free_port()
        self.inbox = Inbox()
        self.tls = tls
        self.utf8 = True
        self.context = context
        self.user, self.password = user, password
        self.start()

    def _authenticate(self, server: Server, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login.decode(), data.password.decode()) == (self.user, self.password)
        return AuthResult(success=good, handled=False)

    def start(self) -> None:
        options: dict[str, Any] = {}
        if self.user:
            options = {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": self.tls != "none"}
        if self.tls == "starttls":
            options |= {"tls_context": self.context, "require_starttls": True}
        self.controller = Controller(
            self.inbox,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=self.context if self.tls == "tls" else None,
            enable_SMTPUTF8=self.utf8,
            decode_data=False,
            auth_exclude_mechanism=[],
            **options,
        )
        if self.tls == "tls":
            # Inside TLS already, which aiosmtpd does not see.
            self.controller.SMTP_kwargs["auth_require_tls"] = False
        self.controller.start()

    def stop(self) -> None:
        self.controller.stop(no_assert=True)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file that a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "cert.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted


KEY = "key-s3cr3t"

# What the references name: the fields that must be there, and those that may.
FIELDS = {
    "sendgrid": (
        {"personalizations", "from", "subject", "content"},
        {"reply_to_list", "headers", "attachments"},
    ),
    "postmark": (
        {"From", "To"},
        {"Cc", "Bcc", "ReplyTo", "Subject", "TextBody", "HtmlBody", "Headers", "Attachments"},
    ),
    "resend": (
        {"from", "to", "subject"},
        {"cc", "bcc", "reply_to", "text", "html", "headers", "attachments"},
    ),
}


class Vendor:
    """A vendor's API on 127.0.0.1: `bodies` is what it took; `fails` is what it answers next, if anything."""

    def __init__(self, name: str) -> None:
        vendor = self
        self.name = name
        self.bodies: list[Any] = []
        self.fails: list[int] = []
        self.hangs = threading.Event()
        self.hangs.set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                vendor.hangs.wait(20)
                status, headers, answer = vendor.answer(dict(self.headers), body)
                data = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        wanted = ("X-Postmark-Server-Token", KEY) if self.name == "postmark" else ("Authorization", f"Bearer {KEY}")
        if {name.lower(): value for name, value in headers.items()}.get(wanted[0].lower()) != wanted[1]:
            return 401, {}, {"message": "unauthorised"}
        if self.fails:
            return self.fails.pop(0), {}, {"message": "not now"}
        needed, allowed = FIELDS[self.name]
        if not needed <= set(body) <= needed | allowed:
            return 422, {}, {"message": f"fields {sorted(body)}"}
        self.bodies.append(body)
        match self.name:
            case "sendgrid":
                return 202, {"X-Message-Id": "sg-1"}, None
            case "postmark":
                return 200, {}, {"To": body["To"], "MessageID": "pm-1", "ErrorCode": 0, "Message": "OK"}
            case _:
                return 200, {}, {"id": "re-1"}

    def stop(self) -> None:
        self.hangs.set()
        self.server.shutdown()
        self.server.server_close()
