"""Goal: what clients are shown works: every curl line of the client's guide, and the script that polls for a page."""

import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.api.document import FOLDER
from tests.support.requirement import missing
from tests.support.rest import call
from tests.support.system import System

_RUN = """
import {{ getCoupon, pauseMs, CouponRefused, CouponUndecided }} from {module};
const [base, coupon, user, patience] = process.argv.slice(2);
for (let tries = 1; tries < 12; tries++) {{
  const pause = pauseMs(tries, "2");
  if (pause < 2000 || pause > 45000) throw new Error(`pause ${{pause}}`);
}}
try {{
  console.log(JSON.stringify(await getCoupon(coupon, Number(user), {{ base, patienceMs: Number(patience), waitS: 5 }})));
}} catch (error) {{
  console.log(JSON.stringify({{ error: error.constructor.name, code: error.code, resultUrl: error.resultUrl }}));
}}
"""


def test_every_line_of_the_guide(system: System) -> None:
    text = (FOLDER / "client.md").read_text()
    lines = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    assert len(lines) >= 16
    variables = {"PUBLIC": system.gateways[0], "ADMIN": system.management[0], "COUPON": str(system.unused_id())}
    done = subprocess.run(
        ["bash", "-c", "set -eu -o pipefail\n" + "\n".join(f"{line}; echo" for line in lines)],
        env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert '"status":"ISSUED"' in done.stdout and '"finalAmount":700' in done.stdout and "openapi: 3.1" in done.stdout


def page(folder: Path, base: str, coupon: int, user: int, patience_ms: int = 60000) -> dict[str, Any]:
    """What the page's script ends with."""
    node = shutil.which("node")
    if node is None:
        missing("node", "run make setup")
    module = folder / "coupon_client.mjs"
    shutil.copy(FOLDER / "coupon_client.js", module)
    script = folder / "run.mjs"
    script.write_text(_RUN.format(module=json.dumps(module.as_uri())))
    done = subprocess.run(
        [node, script, base, str(coupon), str(user), str(patience_ms)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class Stumbling(BaseHTTPRequestHandler):
    """In front of a gateway: every other request is lost behind it, and told to be 503."""

    gateway = ""
    keys: list[str | None] = []
    count = 0

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        key = self.headers.get("Idempotency-Key")
        answer = call(self.command, self.gateway + self.path, body, {"Idempotency-Key": key} if key else {})
        Stumbling.count += 1
        if self.command == "POST":
            Stumbling.keys.append(key)
        lost = Stumbling.count % 2 == 1
        data = b'{"code":"UNAVAILABLE"}' if lost else answer.text.encode()
        self.send_response(503 if lost else answer.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _pass

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def test_the_page_gets_its_coupon_in_spite_of_503(system: System, tmp_path: Path) -> None:
    coupon = system.new_coupon(5)
    Stumbling.gateway, Stumbling.keys, Stumbling.count = system.gateways[0], [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stumbling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        result = page(tmp_path, f"http://127.0.0.1:{server.server_port}", coupon, 16)
    finally:
        server.shutdown()
        server.server_close()
    print(result, Stumbling.keys)
    assert (result["status"], result["issueNo"]) == ("ISSUED", 1)
    assert len(Stumbling.keys) == 2 and len(set(Stumbling.keys)) == 1, "the retry has the key of the first try"


def test_the_page_is_told_no(system: System, tmp_path: Path) -> None:
    assert page(tmp_path, system.gateways[0], system.unused_id(), 16) == {"error": "CouponRefused", "code": "UNKNOWN_COUPON"}


def test_the_page_gives_up(system: System, tmp_path: Path) -> None:
    seen = page(tmp_path, "http://127.0.0.1:1", 1, 16, patience_ms=1000)
    assert seen == {"error": "CouponUndecided", "resultUrl": None}
