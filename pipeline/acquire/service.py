"""Asking a public service politely: slowly where it asks for it, and never elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from pipeline.acquire.plain_text import plain
from pipeline.run.faults import Fault

TRY_AGAIN = (429, 500, 502, 503, 504)
MOST_REDIRECTS = 5
MOST_JSON = 50_000_000
CHUNK = 1 << 16
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
LATER = "run it again later; what had arrived is kept and is not fetched twice"
BY_HAND = "save the file by hand (the page is named below), then run it with --check"


@dataclass(frozen=True)
class Patience:
    """How long a service may take, in seconds, and how often it is asked."""

    attempts: int = 5
    connect: float = 15
    silent: float = 60
    """Longest time without a single byte."""
    longest_wait: float = 120
    """Longest wait that a service may ask for; one that asks for more is left alone."""
    longest_download: float = 3600
    """Longest time for one file, so that a trickle does not hold the run for ever."""
    backoff: float = 1
    sleep: Callable[[float], None] = time.sleep


class NotThere(Fault):
    """The service has nothing at this address."""


class CutOff(Exception):
    """The connection broke in the middle of an answer; asking again may help."""


class _PatientRetry(Retry):
    """urllib3's retries, except that a wait which is too long ends them.

    urllib3 would wait for up to six hours, or, capped, come back before it may.
    """

    patience = Patience()

    def new(self, **changed: object) -> "_PatientRetry":
        made = super().new(**changed)
        made.patience = self.patience
        return made

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        asked = None if response is None else self.get_retry_after(response)
        wait = self.get_backoff_time() if asked is None else asked
        if wait > self.patience.longest_wait:
            raise Fault(
                f"the service asks to wait for {wait / 60:.0f} minutes\n"
                f"  expected: at most {self.patience.longest_wait / 60:.0f}\n"
                "  what to do: run it again after that time"
            )
        self.patience.sleep(wait)


class _Session(requests.Session):
    """A session that follows nothing by itself: requests would read a body of any size."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class Service:
    """One service, by the address of its root; every request stays on its host.

    An address without encryption is refused, except on this machine (tests). No
    credentials are sent: none is needed, and none of the user's (netrc) is used.
    """

    def __init__(self, root: str, patience: Patience | None = None) -> None:
        """Take the root's address, such as https://api.education.gov.uk/statistics/v1."""
        self.root = root.rstrip("/")
        self.patience = patience or Patience()
        self._refuse_elsewhere(self.root)
        retry = _PatientRetry(
            total=self.patience.attempts - 1,
            redirect=False,
            status_forcelist=TRY_AGAIN,
            backoff_factor=self.patience.backoff,
            retry_after_max=sys.maxsize,
            raise_on_status=False,
        )
        retry.patience = self.patience
        self._session = _Session()
        self._session.mount("https://", HTTPAdapter(max_retries=retry))
        self._session.mount("http://", HTTPAdapter(max_retries=retry))
        self._session.auth = lambda request: request
        self._session.headers["User-Agent"] = "partnership-evaluation"
        # A packed answer could not be resumed: its bytes differ from time to time.
        self._session.headers["Accept-Encoding"] = "identity"

    @contextmanager
    def get(
        self, address: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[requests.Response]:
        """Ask for an address; the answer's body is not read yet.

        Statuses 200, 206 and 416 (no such range) are given back. Raises NotThere for
        404 and 410, and Fault for every other answer and for none.
        """
        response = self._follow(address, dict(headers or {}))
        try:
            _refuse_status(response, address)
            yield response
        finally:
            response.close()

    def is_there(self, address: str) -> bool:
        """Whether the service has something at this address; the body is not read."""
        try:
            with self.get(address):
                return True
        except NotThere:
            return False

    def json(self, address: str) -> bytes:
        """Read a whole small answer. Raises Fault where it is large or no JSON at all."""
        for attempt in range(self.patience.attempts):
            try:
                with self.get(address, {"Accept": "application/json"}) as response:
                    refuse_web_page(response, address)
                    return b"".join(self._bounded(response, address))
            except CutOff:
                self.patience.sleep(self.patience.backoff * 2**attempt)
        raise Fault(
            f"{address}: the answer was cut off {self.patience.attempts} times\n"
            f"  expected: a whole answer\n  what to do: {LATER}"
        )

    def body(
        self, response: requests.Response, until: float, *, unpacked: bool
    ) -> Iterator[bytes]:
        """Give the bytes as they come, unpacked or as they travelled.

        Raises CutOff where the connection breaks, and Fault after `until` (a reading of
        `time.monotonic`): a service that sends a byte now and then is never silent.
        """
        try:
            while chunk := response.raw.read1(CHUNK, decode_content=unpacked):
                if time.monotonic() > until:
                    raise Fault(
                        f"{response.url}: too slow\n"
                        f"  expected: everything in {self.patience.longest_download:.0f} "
                        f"seconds\n  what to do: {LATER}"
                    )
                yield chunk
        except HTTPError as broken:
            raise CutOff(str(broken)) from broken

    def _bounded(self, response: requests.Response, address: str) -> Iterator[bytes]:
        size = 0
        until = time.monotonic() + self.patience.longest_download
        for chunk in self.body(response, until, unpacked=True):
            size += len(chunk)
            if size > MOST_JSON:
                raise Fault(
                    f"{address}: the answer is longer than {MOST_JSON // 1_000_000} MB\n"
                    "  expected: a description of a data set\n"
                    "  what to do: tell those who keep this project"
                )
            yield chunk

    def _follow(self, address: str, headers: dict[str, str]) -> requests.Response:
        asked = address
        for _ in range(MOST_REDIRECTS + 1):
            self._refuse_elsewhere(asked)
            response = self._ask(asked, headers)
            if not response.is_redirect:
                return response
            onward = response.headers["Location"]
            response.close()
            # Only a path of the same service is of use; anything else is refused above.
            with suppress(ValueError):
                onward = urljoin(asked, onward)
            asked = onward
        raise Fault(
            f"{address}: the service sends us on and on\n"
            f"  expected: an answer after at most {MOST_REDIRECTS} redirections\n"
            f"  what to do: {LATER}"
        )

    def _ask(self, address: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(
                address,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.patience.connect, self.patience.silent),
            )
        except requests.exceptions.SSLError as untrusted:
            raise Fault(
                f"{address}: its certificate cannot be trusted ({plain(str(untrusted))})\n"
                "  expected: an encrypted connection to the service itself\n"
                "  what to do: ask who keeps your network whether it opens connections"
            ) from untrusted
        except requests.exceptions.RequestException as silent:
            raise Fault(
                f"{address}: no answer ({type(silent).__name__})\n"
                "  expected: an answer from the service\n"
                f"  what to do: look whether this machine has a network; {LATER}"
            ) from silent

    def _refuse_elsewhere(self, address: str) -> None:
        home = urlsplit(self.root)
        try:
            asked = urlsplit(address)
            secure = asked.scheme == "https" or asked.hostname in THIS_MACHINE
            same = (asked.scheme, asked.netloc) == (home.scheme, home.netloc)
        except ValueError:
            secure = same = False
        if not (secure and same and home.hostname) or "@" in home.netloc:
            raise Fault(
                f"{plain(address)}: not fetched, since it is another place than "
                f"{plain(self.root)}, or not encrypted\n"
                "  expected: the service itself, by https\n"
                "  what to do: look whether the service has moved; then correct services "
                "in data/reference/releases.yaml"
            )


def refuse_web_page(response: requests.Response, address: str) -> None:
    """Stop where a web page stands in place of data: a refusal, or a page to sign in."""
    if "html" in response.headers.get("Content-Type", "").lower():
        raise Fault(
            f"{address}: a web page came instead of data\n"
            "  expected: data; a page often means that scripts are refused\n"
            f"  what to do: open the address in a browser; {BY_HAND}"
        )


def _refuse_status(response: requests.Response, address: str) -> None:
    status = response.status_code
    if status in (200, 206, 416):
        return
    if status in (404, 410):
        raise NotThere(
            f"{address}: not there (status {status})\n"
            "  expected: what data/reference/releases.yaml declares\n"
            "  what to do: look at the page named below whether it has moved; then "
            "correct releases.yaml"
        )
    if status in (401, 403):
        raise Fault(
            f"{address}: refused (status {status})\n"
            "  expected: a public file, without signing in\n"
            f"  what to do: {BY_HAND}"
        )
    problem = {429: "asks us to come less often, again and again"}.get(
        status, "has a fault of its own" if status >= 500 else "answers otherwise"
    )
    raise Fault(
        f"{address}: the service {problem} (status {status})\n"
        "  expected: the file or its description\n"
        f"  what to do: {LATER}"
    )
