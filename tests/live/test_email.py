"""The `email` component against a real SMTP server (aiosmtpd), and against servers that speak the vendors' APIs."""

import asyncio
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from arq.worker import create_worker
from conftest import RedisServer, Uvicorn, free_port
from email_support import KEY, SmtpServer, Vendor, certificate
from redis_support import imported, run_block

PASSWORD = "s3cr3t-w0rd"

APP = '''
"""A user's route, in the application that the tool wired."""

from shortlinks.main import app
from shortlinks.services.email import send_email


@app.post("/welcome")
async def welcome(to: str, name: str) -> str:
    return await send_email(to, "Welcome", template="welcome", context={"name": name})
'''

TEMPLATES = {
    "welcome.txt": "Hello {{ name }}!\n",
    "welcome.html": "{% extends 'base.html' %}{% block body %}<p>Hello {{ name }}!</p>{% endblock %}",
    "base.html": "<html><body>{% block body %}{% endblock %}</body></html>",
    "plain.txt": "Just {{ value }}",
    "mixed.html": "{% include 'plain.txt' %}",
    "broken.html": "{{ value",
    "lost.html": "{% include 'nowhere.html' %}",
}


@pytest.fixture(scope="module")
def project(make_project: Callable[..., Path]) -> Path:
    path = make_project("email")
    write_templates(path)
    return path


def write_templates(folder: Path) -> None:
    (folder / "templates/email").mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (folder / "templates/email" / name).write_text(text)
    (folder / "templates/secret.txt").write_text("not a template")


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    server = SmtpServer()
    yield server
    server.stop()


@pytest.fixture
def mail(project: Path, smtp_server: SmtpServer) -> Iterator[Any]:
    """The generated module, which sends to `smtp_server`."""
    with imported(project, "services.email", **to_smtp(smtp_server)) as module:
        yield module


def to_smtp(server: SmtpServer, **more: str) -> dict[str, str]:
    return {"EMAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), **more}


async def test_a_message_arrives(mail: Any, smtp_server: SmtpServer) -> None:
    """Text, HTML, names, all kinds of recipients, headers, attachments, and what is not ASCII."""
    sent = await mail.send_email(
        ["Ann Lï <ann@example.org>", "bob@example.org"],
        "Grüße, 世界",
        text="Hellö\n.\n..dots\n",
        html="<p>Hellö</p>",
        cc='"Carl, the third" <carl@bücher.example>',
        bcc="dora@example.org",
        reply_to="help@example.com",
        sender="Démo <demo@example.com>",
        headers={"X-Campaign": "spring", "List-Unsubscribe": "<https://example.com/u>"},
        attachments=[mail.Attachment("bïll.pdf", b"%PDF"), mail.Attachment("x", b"\0\xff", "image/png")],
    )
    (envelope,), (message,) = smtp_server.inbox.envelopes, smtp_server.inbox.messages
    assert envelope.mail_from == "demo@example.com"
    assert envelope.rcpt_tos == ["ann@example.org", "bob@example.org", "carl@xn--bcher-kva.example", "dora@example.org"]
    assert message["From"] == "Démo <demo@example.com>"
    assert message["To"] == "Ann Lï <ann@example.org>, bob@example.org"
    assert message["Cc"] == '"Carl, the third" <carl@xn--bcher-kva.example>'
    assert (message["Subject"], message["Reply-To"]) == ("Grüße, 世界", "help@example.com")
    assert (message["X-Campaign"], message["List-Unsubscribe"]) == ("spring", "<https://example.com/u>")
    assert message["Message-ID"] == sent and sent.endswith("@example.com>") and message["Date"]
    assert message["Bcc"] is None and b"dora" not in (envelope.original_content or b"")
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain and html
    assert plain.get_content().replace("\r", "") == "Hellö\n.\n..dots\n"
    assert html.get_content().strip() == "<p>Hellö</p>"
    files = [(part.get_filename(), part.get_content_type(), part.get_content()) for part in message.iter_attachments()]
    assert files == [("bïll.pdf", "application/pdf", b"%PDF"), ("x", "image/png", b"\0\xff")]
    await mail.stop_email()


async def test_an_address_outside_ascii_needs_the_server(mail: Any, smtp_server: SmtpServer) -> None:
    """SMTPUTF8 where the server offers it; else an error, and nothing is sent."""
    await mail.send_email("jürgen@example.org", "Hi", text="x")
    assert smtp_server.inbox.envelopes[0].rcpt_tos == ["jürgen@example.org"]
    assert smtp_server.inbox.envelopes[0].smtp_utf8
    await mail.stop_email()
    smtp_server.stop()
    smtp_server.utf8 = False
    smtp_server.start()
    with pytest.raises(mail.EmailError, match="ASCII") as caught:
        await mail.send_email("jürgen@example.org", "Hi", text="x")
    assert not caught.value.retry and len(smtp_server.inbox.envelopes) == 1
    await mail.stop_email()


INJECTIONS = ["\r\nBcc: victim@example.org", "\nBcc: victim@example.org", "\rX: y", "\0", "\x0b", "\x85", "\ud800"]


@pytest.mark.parametrize("bad", INJECTIONS)
@pytest.mark.parametrize("where", ["subject", "to", "name", "cc", "bcc", "reply_to", "sender", "header", "file", "header name"])
async def test_no_header_is_injected(mail: Any, smtp_server: SmtpServer, where: str, bad: str) -> None:
    """Header injection: a line break, in whatever becomes a header, is an error before anything is sent."""
    good = {"to": "ann@example.org", "subject": "Hi", "text": "x"}
    changed: dict[str, Any] = {
        "subject": {"subject": f"Hi{bad}"},
        "to": {"to": f"ann@example.org{bad}"},
        "name": {"to": f"Ann{bad} <ann@example.org>"},
        "cc": {"cc": f"ann@example.org{bad}"},
        "bcc": {"bcc": f"ann@example.org{bad}"},
        "reply_to": {"reply_to": f"ann@example.org{bad}"},
        "sender": {"sender": f"ann@example.org{bad}"},
        "header": {"headers": {"X-Test": f"a{bad}"}},
        "header name": {"headers": {f"X-Test{bad}": "a"}},
        "file": {"attachments": [mail.Attachment(f"a{bad}.txt", b"")]},
    }[where]
    with pytest.raises(mail.EmailError) as caught:
        await mail.send_email(**(good | changed))
    assert not caught.value.retry
    assert smtp_server.inbox.envelopes == []


@pytest.mark.parametrize(
    "bad",
    ["", "ann", "@example.org", "ann@", "a@b, c@d", "a@b; c@d", "a@b c@d", "<a@b> <c@d>", "list: a@b, c@d;", "a@b@c",
     "a b@c", '"a@b"@c', "a@b> SIZE=1", "<a@b>x", "a@b\\", "a" * 65 + "@example.org", "a@" + "b" * 300, "a@.", "x" * 5000],
)
async def test_one_text_is_one_address(mail: Any, smtp_server: SmtpServer, bad: str) -> None:
    """A form's field cannot name two recipients, and nothing that is no address reaches the server."""
    for field in ("to", "cc", "bcc", "sender"):
        given = {"to": "ann@example.org", field: bad}
        if field == "sender" and not bad:
            continue  # not given
        with pytest.raises(mail.EmailError, match="e-mail address"):
            await mail.send_email(**given, subject="Hi", text="x")
    assert smtp_server.inbox.envelopes == []


async def test_what_is_no_message(mail: Any, smtp_server: SmtpServer) -> None:
    """Neither recipient nor body; a header that is not the caller's; a content type that is none; broken Unicode."""
    for arguments, said in [
        ({"to": [], "text": "x"}, "no recipient"),
        ({"to": "a@example.org"}, "neither text nor HTML"),
        ({"to": "a@example.org", "text": "x", "headers": {"bcc": "b@example.org"}}, "not for you"),
        ({"to": "a@example.org", "text": "x", "headers": {"Content-Type": "text/html"}}, "not for you"),
        ({"to": "a@example.org", "text": "x", "headers": {"X: y": "z"}}, "no name of a header"),
        ({"to": "a@example.org", "text": "x", "attachments": [mail.Attachment("a", b"", "a/b; c=d")]}, "content type"),
        ({"to": "a@example.org", "text": "\ud800"}, "Unicode"),
    ]:
        with pytest.raises(mail.EmailError, match=said):
            await mail.send_email(subject="Hi", **arguments)
    assert smtp_server.inbox.envelopes == []
    await mail.stop_email()


async def test_templates(mail: Any, smtp_server: SmtpServer) -> None:
    """Text and HTML of a template; values are escaped in HTML, whatever it includes, and are as they are in text."""
    name = "<script>alert('ü')</script>{{ 7 * 7 }}"
    await mail.send_email("a@example.org", "Hi", template="welcome", context={"name": name})
    await mail.send_email("a@example.org", "Hi", template="mixed", context={"value": "<b>"})
    await mail.send_email("a@example.org", "Hi", template="plain", context={"value": "<b>"})
    first, second, third = smtp_server.inbox.messages
    plain, html = first.get_body(("plain",)), first.get_body(("html",))
    assert plain and html
    assert plain.get_content().strip() == f"Hello {name}!"
    assert "<html><body><p>Hello &lt;script&gt;alert(&#39;ü&#39;)&lt;/script&gt;{{ 7 * 7 }}!</p>" in html.get_content()
    assert (second.get_content_type(), second.get_content().strip()) == ("text/html", "Just &lt;b&gt;")
    assert (third.get_content_type(), third.get_content().strip()) == ("text/plain", "Just <b>")
    await mail.stop_email()


@pytest.mark.parametrize(
    ("template", "said"),
    [("nowhere", "no template nowhere.txt or nowhere.html"), ("broken", "broken.html"), ("lost", "nowhere.html"),
     ("welcome", "name"), ("../secret", "no name of a template"), ("/etc/passwd", "no name"), ("a\nb", "no name"),
     ("{{ 7 }}", "no name"), ("", "no name"), ("welcome.html", "no name")],
)
async def test_a_wrong_template(mail: Any, smtp_server: SmtpServer, template: str, said: str) -> None:
    """A template is a file of the folder, never a text; a value that is missing is an error and no gap in a letter."""
    with pytest.raises(mail.EmailError, match=said):
        await mail.send_email("a@example.org", "Hi", template=template)
    assert smtp_server.inbox.envelopes == []


async def test_one_connection_is_reused_and_opened_again(mail: Any, smtp_server: SmtpServer) -> None:
    """One after the other goes over one connection; where the server was away meanwhile, over another."""
    for _ in range(5):
        await mail.send_email("a@example.org", "Hi", text="x")
    assert len(smtp_server.inbox.sessions) == 1
    smtp_server.stop()
    with pytest.raises(mail.EmailError) as caught:
        await mail.send_email("a@example.org", "Hi", text="x")
    assert caught.value.retry
    smtp_server.start()
    for _ in range(5):
        await mail.send_email("a@example.org", "Hi", text="x")
    assert len(smtp_server.inbox.envelopes) == 10 and len(smtp_server.inbox.sessions) == 2
    await mail.stop_email()


async def test_all_recipients_or_none(mail: Any, smtp_server: SmtpServer) -> None:
    """A refused recipient refuses the message: 5xx for good, 4xx for now; the next message goes."""
    for name, retry in (("nobody", False), ("later", True)):
        with pytest.raises(mail.EmailError, match="55?4?5?[01]") as caught:
            await mail.send_email(["ann@example.org", f"{name}@example.org"], "Hi", text="x")
        assert caught.value.retry is retry
    assert smtp_server.inbox.envelopes == []
    await mail.send_email("ann@example.org", "Hi", text="x")
    assert len(smtp_server.inbox.envelopes) == 1
    await mail.stop_email()


async def test_a_server_that_is_away(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start it is only logged; a call is an error that says to try again, fast."""
    env = {"EMAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(free_port())}
    with imported(project, "services.email", **env) as mail:
        start = time.monotonic()
        await mail.start_email()
        assert "e-mail cannot be sent now" in caplog.text
        with pytest.raises(mail.EmailError) as caught:
            await mail.send_email("a@example.org", "Hi", text="x")
        assert caught.value.retry and time.monotonic() - start < 2
        with pytest.raises(mail.EmailError):
            await mail.check_email()
        await mail.stop_email()


async def test_a_server_that_hangs(project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A server that takes connections and says nothing: the start, and 200 calls at once, end within their limits."""
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    env = {"EMAIL_BACKEND": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port)}
    with imported(project, "services.email", **env) as mail:
        monkeypatch.setattr(mail, "CONNECT_TIMEOUT", 0.3)
        monkeypatch.setattr(mail, "SEND_TIMEOUT", 0.6)
        start = time.monotonic()
        await mail.start_email()
        calls = [mail.send_email("a@example.org", "Hi", text="x") for _ in range(200)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - start < 4
        assert all(isinstance(error, mail.EmailError) and error.retry for error in errors)
        await mail.stop_email()
    server.close()


async def test_two_hundred_at_once(mail: Any, smtp_server: SmtpServer) -> None:
    """All arrive, each once, over no more connections than the limit; a cancelled one leaves the others alone."""
    calls = [asyncio.ensure_future(mail.send_email("a@example.org", f"Hi {n}", text="x")) for n in range(200)]
    await asyncio.sleep(0.02)
    for call in calls[::10]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    kept = [n for n, result in enumerate(done) if isinstance(result, str)]
    assert len(kept) >= 180
    subjects = [message["Subject"] for message in smtp_server.inbox.messages]
    assert len(subjects) == len(set(subjects)) and {f"Hi {n}" for n in kept} <= set(subjects)
    assert len(smtp_server.inbox.sessions) <= mail.SMTP_CONNECTIONS + 20
    await mail.stop_email()


def test_two_event_loops(mail: Any, smtp_server: SmtpServer) -> None:
    """Each loop has its connections; one that was never stopped disturbs no other."""
    for n in range(3):
        asyncio.run(mail.send_email("a@example.org", f"Hi {n}", text="x"))

    async def both() -> None:
        await mail.send_email("a@example.org", "outer", text="x")
        await asyncio.to_thread(asyncio.run, mail.send_email("a@example.org", "inner", text="x"))
        await mail.send_email("a@example.org", "outer", text="x")
        await mail.stop_email()
        await mail.stop_email()

    asyncio.run(both())
    assert len(smtp_server.inbox.envelopes) == 6


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_tls_and_password(project: Path, tmp_path: Path, tls: str, caplog: pytest.LogCaptureFixture) -> None:
    """Both kinds of TLS, with a login; a certificate that nobody vouches for, and a wrong password, are refused."""
    caplog.set_level(logging.DEBUG)
    context, trusted = certificate(tmp_path)
    server = SmtpServer(tls, context, "demo", PASSWORD)
    try:
        env = to_smtp(server, SMTP_SECURITY=tls, SMTP_USERNAME="demo", SMTP_PASSWORD=PASSWORD)
        with imported(project, "services.email", **env, SSL_CERT_FILE=str(trusted)) as mail:
            await mail.start_email()
            await mail.send_email("a@example.org", "Hi", text="x")
            assert len(server.inbox.envelopes) == 1
            assert PASSWORD not in repr(mail._current())
            await mail.stop_email()
        with imported(project, "services.email", **env) as mail, pytest.raises(mail.EmailError):
            await mail.send_email("a@example.org", "Hi", text="x")
        env |= {"SMTP_PASSWORD": "wr0ng-w0rd", "SSL_CERT_FILE": str(trusted)}
        with imported(project, "services.email", **env) as mail:
            await mail.start_email()
            with pytest.raises(mail.EmailError, match="535") as caught:
                await mail.send_email("a@example.org", "Hi", text="x")
            assert not caught.value.retry
    finally:
        server.stop()
    assert len(server.inbox.envelopes) == 1
    assert PASSWORD not in caplog.text and "wr0ng-w0rd" not in caplog.text + str(caught.value)


async def test_a_server_without_starttls_gets_no_password(project: Path, smtp_server: SmtpServer) -> None:
    """`starttls` is a demand and no wish: nothing is sent in the open."""
    env = to_smtp(smtp_server, SMTP_SECURITY="starttls", SMTP_USERNAME="demo", SMTP_PASSWORD=PASSWORD)
    with imported(project, "services.email", **env) as mail:
        with pytest.raises(mail.EmailError):
            await mail.send_email("a@example.org", "Hi", text="x")
    assert smtp_server.inbox.envelopes == []


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"EMAIL_FROM": "nobody"}, "EMAIL_FROM"),
        ({"EMAIL_BACKEND": "pigeon"}, "EMAIL_BACKEND is none of console, smtp, sendgrid, postmark, resend"),
        ({"EMAIL_BACKEND": "smtp", "SMTP_USERNAME": "demo"}, "SMTP_PASSWORD"),
        ({"EMAIL_BACKEND": "smtp", "SMTP_HOST": "example.org", "SMTP_USERNAME": "u", "SMTP_PASSWORD": PASSWORD}, "SMTP_SECURITY"),
        ({"EMAIL_BACKEND": "smtp", "SMTP_HOST": f"smtp://u:{PASSWORD}@example.org"}, "SMTP_HOST"),
        ({"EMAIL_BACKEND": "smtp", "SMTP_HOST": "example.org:port"}, "SMTP_HOST"),
        ({"EMAIL_BACKEND": "smtp", "SMTP_HOST": ""}, "SMTP_HOST"),
        ({"EMAIL_BACKEND": "postmark"}, "EMAIL_API_KEY"),
        ({"EMAIL_BACKEND": "resend", "EMAIL_API_KEY": ""}, "EMAIL_API_KEY"),
        ({"EMAIL_BACKEND": "resend", "EMAIL_API_KEY": f"{PASSWORD}\n"}, "EMAIL_API_KEY"),
        ({"EMAIL_BACKEND": "sendgrid", "EMAIL_API_KEY": PASSWORD, "EMAIL_API_URL": "http://example.org/"}, "EMAIL_API_URL"),
    ],
)
async def test_bad_settings(project: Path, env: dict[str, str], named: str) -> None:
    """A wrong setting stops the start, names the variable, and shows no secret."""
    with imported(project, "services.email", **env) as mail:
        with pytest.raises(ValueError, match=named) as caught:
            await mail.start_email()
        assert PASSWORD not in str(caught.value) and caught.value.__suppress_context__ | (caught.value.__context__ is None)


async def test_the_console(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The default, for development: the message is printed, and its parts can be read."""
    with imported(project, "services.email") as mail:
        await mail.start_email()
        await mail.send_email(
            "Ann Lï <ann@example.org>", "Grüße", text="Hellö", bcc="b@example.org", attachments=[mail.Attachment("a", b"1")]
        )
        await mail.stop_email()
    printed = capsys.readouterr().out
    for part in ("To: Ann Lï <ann@example.org>", "Subject: Grüße", "Hellö", "Bcc: b@example.org", "[a: 1 bytes]"):
        assert part in printed


@pytest.fixture
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    server = Vendor(request.param)
    yield server
    server.stop()


async def test_a_port_in_the_host(project: Path, smtp_server: SmtpServer) -> None:
    """What the compose file says is `mailpit:1025`: the host and the port of one service."""
    with imported(project, "services.email", EMAIL_BACKEND="smtp", SMTP_HOST=f"127.0.0.1:{smtp_server.port}") as mail:
        await mail.send_email("a@example.org", "Hi", text="x")
        await mail.stop_email()
        assert mail._place("[::1]:25") == ("::1", 25) and mail._place("example.org") == ("example.org", None)
    assert len(smtp_server.inbox.envelopes) == 1


EVERY_VENDOR = pytest.mark.parametrize("vendor", ["sendgrid", "postmark", "resend"], indirect=True)


def to_vendor(vendor: Vendor, **more: str) -> dict[str, str]:
    return {"EMAIL_BACKEND": vendor.name, "EMAIL_API_URL": vendor.url, "EMAIL_API_KEY": KEY, **more}


EXPECTED = {
    "sendgrid": {
        "personalizations": [
            {
                "to": [{"email": "ann@example.org", "name": "Ann, Lï"}, {"email": "bob@example.org"}],
                "cc": [{"email": "c@example.org"}],
                "bcc": [{"email": "d@example.org"}],
            }
        ],
        "from": {"email": "noreply@example.com"},
        "reply_to_list": [{"email": "help@example.com"}],
        "subject": "Grüße",
        "content": [{"type": "text/plain", "value": "Hellö"}, {"type": "text/html", "value": "<p>Hellö</p>"}],
        "headers": {"X-Campaign": "spring"},
        "attachments": [{"filename": "a.txt", "type": "text/plain", "content": "AAE=", "disposition": "attachment"}],
    },
    "postmark": {
        "From": "noreply@example.com",
        "To": '"Ann, Lï" <ann@example.org>, bob@example.org',
        "Cc": "c@example.org",
        "Bcc": "d@example.org",
        "ReplyTo": "help@example.com",
        "Subject": "Grüße",
        "TextBody": "Hellö",
        "HtmlBody": "<p>Hellö</p>",
        "Headers": [{"Name": "X-Campaign", "Value": "spring"}],
        "Attachments": [{"Name": "a.txt", "Content": "AAE=", "ContentType": "text/plain"}],
    },
    "resend": {
        "from": "noreply@example.com",
        "to": ['"Ann, Lï" <ann@example.org>', "bob@example.org"],
        "cc": ["c@example.org"],
        "bcc": ["d@example.org"],
        "reply_to": ["help@example.com"],
        "subject": "Grüße",
        "text": "Hellö",
        "html": "<p>Hellö</p>",
        "headers": {"X-Campaign": "spring"},
        "attachments": [{"filename": "a.txt", "content": "AAE=", "content_type": "text/plain"}],
    },
}


@EVERY_VENDOR
async def test_an_api_gets_what_its_reference_asks_for(project: Path, vendor: Vendor) -> None:
    """One request a message, in the vendor's published format, with its key; the id that it answers is returned."""
    with imported(project, "services.email", **to_vendor(vendor)) as mail:
        await mail.start_email()
        sent = await mail.send_email(
            ['"Ann, Lï" <ann@example.org>', "bob@example.org"],
            "Grüße",
            text="Hellö",
            html="<p>Hellö</p>",
            cc="c@example.org",
            bcc="d@example.org",
            reply_to="help@example.com",
            headers={"X-Campaign": "spring"},
            attachments=[mail.Attachment("a.txt", b"\0\1")],
        )
        assert vendor.bodies == [EXPECTED[vendor.name]]
        assert sent == {"sendgrid": "sg-1", "postmark": "pm-1", "resend": "re-1"}[vendor.name]
        await mail.send_email("a@example.org", "Hi", text="x")
        assert len(vendor.bodies) == 2
        with pytest.raises(mail.EmailError):
            await mail.send_email("a@example.org", "Hi\r\nBcc: victim@example.org", text="x")
        with pytest.raises(mail.EmailError, match="Unicode"):
            await mail.send_email("a@example.org", "Hi", text="\ud800")
        assert len(vendor.bodies) == 2
        await mail.stop_email()


@EVERY_VENDOR
async def test_an_api_that_fails(
    project: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """429 and 5xx are to be tried again, other refusals are not; no key is in an error or a log line."""
    caplog.set_level(logging.DEBUG)
    said = ""
    with imported(project, "services.email", **to_vendor(vendor)) as mail:
        for status, retry in ((400, False), (403, False), (422, False), (429, True), (500, True), (503, True)):
            vendor.fails.append(status)
            with pytest.raises(mail.EmailError, match=f"{vendor.name}: {status}: .*not now") as caught:
                await mail.send_email("a@example.org", "Hi", text="x")
            assert caught.value.retry is retry
            said += repr(caught.value)
        monkeypatch.setattr(mail, "SEND_TIMEOUT", 0.3)
        vendor.hangs.clear()
        with pytest.raises(mail.EmailError) as caught:
            await mail.send_email("a@example.org", "Hi", text="x")
        assert caught.value.retry
        vendor.hangs.set()
        assert KEY not in repr(mail._current())
        await mail.stop_email()
    with imported(project, "services.email", **to_vendor(vendor, EMAIL_API_KEY="wr0ng-key")) as mail:
        with pytest.raises(mail.EmailError, match="401") as caught:
            await mail.send_email("a@example.org", "Hi", text="x")
        assert not caught.value.retry
        await mail.stop_email()
    assert KEY not in caplog.text + said and "wr0ng-key" not in caplog.text + repr(caught.value)


@EVERY_VENDOR
async def test_an_api_that_is_away(project: Path, vendor: Vendor) -> None:
    vendor.stop()
    with imported(project, "services.email", **to_vendor(vendor)) as mail:
        await mail.start_email()
        with pytest.raises(mail.EmailError) as caught:
            await mail.send_email("a@example.org", "Hi", text="x")
        assert caught.value.retry
        await mail.stop_email()


def test_the_application_as_it_is_wired(
    make_project: Callable[..., Path], smtp_server: SmtpServer, serve: Callable[..., Uvicorn], tmp_path: Path
) -> None:
    """After `add`, a route sends; the templates are found from whatever folder the server was started in; the stop is clean."""
    project = make_project("email", shape="no-settings")
    write_templates(project / "shortlinks")
    (project / "live_app.py").write_text(APP)
    server = serve(tmp_path, "live_app:app", **to_smtp(smtp_server, PYTHONPATH=str(project)))
    answer = httpx.post(f"{server.url}/welcome", params={"to": "ann@example.org", "name": "<Ann>"})
    (message,) = smtp_server.inbox.messages
    assert answer.json() == message["Message-ID"]
    html = message.get_body(("html",))
    assert html and "&lt;Ann&gt;" in html.get_content()
    log = server.stop()
    assert "Traceback" not in log and "Unclosed" not in log


async def test_the_next_steps_run(
    project: Path, next_steps: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The usage lines, as they are printed."""
    lines = [line[3:] for line in next_steps("email").splitlines() if line.startswith("   ") or not line]
    start = next(n for n, line in enumerate(lines) if line.startswith("from "))
    end = next(n for n, line in enumerate(lines) if line == ")")
    code = [line for line in lines[start : end + 1] if not line.startswith(("welcome.txt", " "))]
    text = "\n".join(lines[start : end + 1])
    text = "\n".join(line for line in text.splitlines() if not line.startswith("welcome.txt"))
    assert len(code) >= 4
    with imported(project, "services.email"):
        await run_block(text, {})
    printed = capsys.readouterr().out
    assert "Welcome!" in printed and "Hello Ann!" in printed


TASK = """
from typing import Any

from arq import Retry
from services.email import EmailError, send_email
from services.tasks import WorkerSettings


async def send(ctx: dict[str, Any], **message: Any) -> str:
    try:
        return await send_email(**message)
    except EmailError as error:
        if error.retry:
            raise Retry(defer=0.2) from error
        raise


WorkerSettings.functions.append(send)
"""


async def test_in_the_background(
    make_project: Callable[..., Path], smtp_server: SmtpServer, redis_server: RedisServer
) -> None:
    """With `arq`: a job sends; while the server is away it is tried again, and what is refused is not."""
    project = make_project("arq", "email")
    (project / "mail_tasks.py").write_text(TASK)
    env = to_smtp(smtp_server, REDIS_URL=redis_server.url(0), ARQ_REDIS_URL=redis_server.url(1))
    smtp_server.stop()
    with imported(project, "mail_tasks", "services.arq", "services.email", **env) as (tasks, queue, mail):
        good = await queue.enqueue("send", to="a@example.org", subject="Hi", text="x")
        bad = await queue.enqueue("send", to="nobody@example.org", subject="Hi", text="x")
        worker = create_worker(tasks.WorkerSettings, burst=True, handle_signals=False, poll_delay=0.05)
        running = asyncio.create_task(worker.main())
        await asyncio.sleep(0.5)
        smtp_server.start()
        assert (await good.result(timeout=10)).endswith("@example.com>")
        with pytest.raises(queue.JobError, match="550"):
            await bad.result(timeout=10)
        await running
        await worker.close()
        await queue.stop_arq()
        await mail.stop_email()
    assert [message["Subject"] for message in smtp_server.inbox.messages] == ["Hi"]


@pytest.mark.long
async def test_cost(mail: Any, smtp_server: SmtpServer) -> None:
    """A figure against aiosmtplib alone, which opens a connection for each message."""
    ours, bare = [], []
    message = "From: a@example.org\r\nTo: b@example.org\r\n\r\nx"
    for _ in range(100):
        start = time.perf_counter()
        await mail.send_email("b@example.org", "Hi", text="x")
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        await aiosmtplib.send(
            message, sender="a@example.org", recipients=["b@example.org"], hostname="127.0.0.1", port=smtp_server.port
        )
        bare.append(time.perf_counter() - start)
    print(f"\nms a message: {statistics.median(ours) * 1e3:.2f}, bare aiosmtplib {statistics.median(bare) * 1e3:.2f}")
    assert statistics.median(ours) < statistics.median(bare) * 2
    await mail.stop_email()
