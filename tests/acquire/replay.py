"""The services' interfaces, replayed on this machine, with their faults.

Answers are what the department's code says they are (its repository
explore-education-statistics, view models of the public interface).
"""

import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answer:
    """One answer: `cut` sends fewer bytes than it says, `pause` is in seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pause: float = 0
    trickle: float = 0
    """Seconds between single bytes of the body."""
    ranges: bool = False
    says_length: bool = True
    endless: bool = False
    """Whether the body is sent again and again, until the client goes away."""


@dataclass
class Request:
    """What was asked for."""

    path: str
    headers: dict[str, str]


class Replay(ThreadingHTTPServer):
    """A service whose answers are written down beforehand, by path with its query.

    The answers to one path are given in turn; the last one is given ever after.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[Request] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def json(self, path: str, content: Any, **more: Any) -> None:
        body = json.dumps(content).encode()
        self.answer(
            path, Answer(body, headers={"Content-Type": "application/json"}, **more)
        )

    def asked(self, part: str) -> list[Request]:
        return [request for request in self.requests if part in request.path]

    def next_answer(self, path: str) -> Answer:
        waiting = self.answers.get(path)
        if not waiting:
            problem = json.dumps({"title": "Not Found", "status": 404}).encode()
            return Answer(problem, 404, {"Content-Type": "application/problem+json"})
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replay

    def do_GET(self) -> None:
        self.server.requests.append(Request(self.path, dict(self.headers)))
        answer = self.server.next_answer(self.path)
        time.sleep(answer.pause)
        status, body, headers = answer.status, answer.body, dict(answer.headers)
        wanted = self.headers.get("Range")
        mark = headers.get("ETag") or headers.get("Last-Modified")
        if wanted and answer.ranges and self.headers.get("If-Range") == mark:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body = 206, body[start:]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for byte in body if answer.trickle else b"":
            self.wfile.write(bytes([byte]))
            time.sleep(answer.trickle)
        self.wfile.write(b"" if answer.trickle else body[: answer.cut])
        while answer.endless:
            self.wfile.write(body)

    def log_message(self, *told: Any) -> None:
        """Say nothing."""


def table(content: str | bytes, *, mark: str | None = '"one"', **more: Any) -> Answer:
    """A stored gzip file as EES sends it: packed, and said to be."""
    body = gzip.compress(content.encode() if isinstance(content, str) else content, mtime=0)
    headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    if mark:
        headers["ETag"] = mark
    return Answer(body, headers=headers, ranges=mark is not None, **more)


def version(
    number: str, *, ends: str = "2024/25", kind: str = "Minor", status: str = "Published"
) -> dict[str, Any]:
    """A version as the interface tells of it."""
    return {
        "version": number,
        "type": kind,
        "status": status,
        "published": "2026-03-01T09:30:00+00:00",
        "notes": "",
        "totalResults": 3,
        "file": {"id": "5b3d308c-da72-467f-b2ef-ab77d576a455"},
        "release": {"title": "Academic year 2024/25", "slug": "2024-25"},
        "timePeriods": {"start": "2022/23", "end": ends},
        "geographicLevels": ["School"],
        "filters": ["Sex"],
        "indicators": ["Average Attainment 8 score"],
    }


@dataclass
class DataSet:
    """A data set of EES, replayed: its versions, their changes and their tables."""

    replay: Replay
    identifier: str

    @property
    def root(self) -> str:
        return f"/statistics/v1/data-sets/{self.identifier}"

    def publish(self, *versions: dict[str, Any], status: str = "Published") -> None:
        """Tell of the data set and its versions, twenty to a page, the newest first."""
        latest = {"version": versions[-1]["version"]}
        about = {"id": self.identifier, "title": "A data set", "summary": "Tables."}
        self.replay.json(self.root, about | {"status": status, "latestVersion": latest})
        for one in versions:
            self.replay.json(f"{self.root}/versions/{one['version']}", one)
        listed = list(reversed(versions))
        pages = [listed[i : i + 20] for i in range(0, len(listed), 20)]
        for number, results in enumerate(pages, start=1):
            paging = {"page": number, "pageSize": 20, "totalResults": len(listed)}
            self.replay.json(
                f"{self.root}/versions?page={number}&pageSize=20",
                {"paging": paging | {"totalPages": len(pages)}, "results": results},
            )

    def table(self, number: str, *answers: Answer) -> None:
        self.replay.answer(f"{self.root}/csv?dataSetVersion={number}", *answers)

    def changes(self, number: str, major: dict[str, Any], minor: dict[str, Any]) -> None:
        self.replay.json(
            f"{self.root}/versions/{number}/changes",
            {"versionNumber": number, "majorChanges": major, "minorChanges": minor},
        )

    @property
    def versions_fetched(self) -> list[str]:
        asked = self.replay.asked(f"{self.root}/csv")
        return [parse_qs(urlsplit(r.path).query)["dataSetVersion"][0] for r in asked]
