"""Debian's Chromium without a window, driven over its DevTools pipe with nothing but Python's standard library.

It owns one browser process and one page in it. It writes down whatever the page asks for, says or complains about, and decides nothing about it.
"""

import json
import os
import subprocess
import threading
import time
import unittest
from queue import Empty, Queue

import harness

PROGRAM = "chromium"
PATIENCE = 30
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-default-browser-check",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND",
             "--remote-debugging-pipe"]


class Browser:
    """A browser with one page. `requests` are the addresses that it asked for, `complaints` what it said."""

    def __init__(self):
        harness.need(PROGRAM)
        out, self._to = os.pipe()
        self._from, into = os.pipe()
        profile = harness.scratch("chromium")
        line = [PROGRAM, *ARGUMENTS, f"--user-data-dir={profile}", "about:blank"]
        # The pipe has fixed numbers, which only a shell between us can give it.
        self._process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{out} 4>&{into}', "bash", *line], pass_fds=(out, into),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                         env=harness.environment(HOME=profile))
        os.close(out)
        os.close(into)
        self._number, self._answers, self._loads = 0, {}, Queue()
        self.requests, self.complaints = [], []
        threading.Thread(target=self._listen, daemon=True).start()
        self._session = None
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def close(self):
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(PATIENCE)
        except (OSError, Empty, RuntimeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._to)

    # ---- the pipe

    def _listen(self):
        with os.fdopen(self._from, "rb") as stream:
            rest = b""
            while chunk := stream.raw.read(1 << 20):
                *messages, rest = (rest + chunk).split(b"\0")
                for message in messages:
                    self._hear(json.loads(message))

    def _hear(self, message):
        if "id" in message:
            self._answers[message["id"]].put(message)
            return
        method, said = message["method"], message.get("params", {})
        if method == "Page.loadEventFired":
            self._loads.put(said)
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded",
                        "Page.javascriptDialogOpening", "Page.windowOpen", "Page.downloadWillBegin"):
            self.complaints.append((method, json.dumps(said)[:600]))
            if method == "Page.javascriptDialogOpening":
                self._send("Page.handleJavaScriptDialog", {"accept": False})

    def _send(self, method, parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._answers[self._number] = Queue()
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data):]
        return self._number

    def call(self, method, **parameters):
        number = self._send(method, parameters)
        answer = self._answers[number].get(timeout=PATIENCE)
        del self._answers[number]
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    # ---- the page

    def go(self, path):
        """Opens a file and waits until it is loaded."""
        while not self._loads.empty():
            self._loads.get()
        done = self.call("Page.navigate", url=path.as_uri())
        if done.get("errorText"):
            raise RuntimeError(f"{path}: {done['errorText']}")
        self._loads.get(timeout=PATIENCE)

    def run(self, expression):
        """What a script in the page gives, as JSON has it."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(json.dumps(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    def scripts(self, allowed):
        self.call("Emulation.setScriptExecutionDisabled", value=not allowed)

    def look(self, dark=False, width=1280, height=900):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def press(self, key, code=None, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code or 0,
                      text=text if kind == "keyDown" else "")

    def picture(self):
        """A PNG of what is in the window, in base64."""
        return self.call("Page.captureScreenshot", format="png")["data"]

    def settle(self):
        """Time for what a page might still begin."""
        time.sleep(0.3)


class Case(unittest.TestCase):
    """Tests that share one browser."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.scripts(True)
        self.browser.look()
        self.browser.requests.clear()
        self.browser.complaints.clear()
