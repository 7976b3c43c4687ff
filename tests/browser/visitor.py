"""A person at a browser: what they do and see, a picture of each page, and the trouble that nobody told them of."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

PICTURES = Path(__file__).parents[2] / "artifacts" / "screenshots"
SCHEMES = ("light", "dark")
WIDTHS = {1440: 900, 390: 844}
# Both schemes and both widths, in two runs: axe takes seconds on a long page.
AXE = (("light", 1440), ("dark", 390))
CUT = "[...document.querySelectorAll('.table')].filter(t => t.scrollWidth > t.clientWidth).map(t => t.innerText)"
PATIENCE = 15  # seconds for a page, also where the machine is loaded
TABS = 60  # more than any page has places for the keyboard


class Visitor:
    """`page` is Playwright's. `trouble` must be empty at the end; answers that a test wants are taken out by `saw`."""

    def __init__(self, page: Page, logins: dict[str, str], *, scripts: bool = True) -> None:
        self.page = page
        self.logins = logins
        self.scripts = scripts  # where the page runs none, Playwright's own would wait for ever
        self.trouble: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.trouble.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def log_in(self, name: str, password: str | None = None) -> None:
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(self.logins[name] if password is None else password)
        self.page.get_by_role("button", name="Log in").click()

    def tab_to(self, target: Locator) -> None:
        """Get somewhere by the Tab key alone, and see that one is there."""
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                outline = target.evaluate("element => getComputedStyle(element).outlineStyle")
                assert outline == "solid", f"nothing shows that the keyboard is at {target}"
                return
        raise AssertionError(f"{TABS} times Tab do not lead to {target}")

    def look(self, name: str, status: int | None = None) -> None:
        """Pictures in light and dark, wide and narrow, each judged. `status` is the page's where it is a refusal."""
        if status:
            self.saw(status)
        for scheme in SCHEMES:
            for width, height in WIDTHS.items():
                self.page.emulate_media(color_scheme=scheme)
                self.page.set_viewport_size({"width": width, "height": height})
                what = f"{name}-{scheme}-{width}"
                self.page.screenshot(path=PICTURES / f"{what}.png", full_page=True)
                if self.scripts:
                    self._judge(what, width, (scheme, width) in AXE)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def _judge(self, what: str, width: int, by_axe: bool) -> None:
        """Nothing reaches beyond the page's edge, no table is cut off, and axe finds nothing."""
        reach = self.page.evaluate("document.documentElement.scrollWidth")
        assert reach <= width, f"{what} reaches to {reach}"
        assert self.page.evaluate(CUT) == [], f"{what}: tables are cut off"
        if by_axe:
            found = Axe().run(self.page)
            assert not found.violations_count, f"{what}\n{found.generate_report()}"

    def saw(self, status: int) -> None:
        """The page's own answer had this status: no trouble, as the test asked for it."""
        self.trouble.remove(f"{status} {self.page.url}")

    def sees(self, text: str, seconds: float = PATIENCE) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium writes of each answer of 400 and above here too.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.trouble.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # Ended by the browser itself: the stream of a page that was left, a link that led to a download.
        if request.failure != "net::ERR_ABORTED":
            self.trouble.append(f"{request.failure} {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble.append(f"{response.status} {response.url}")
