"""What links alone lead to in an unpacked archive, and what the tests of its pages ask a page.

It owns the walk from one page to all others in a folder. It follows no link that leaves the folder, and says which ones do.
"""

import collections
import functools
import os
import urllib.parse

import harness

LINKS = "[...document.querySelectorAll('a[href]')].map(one => one.getAttribute('href'))"
NAMED = """[...document.querySelectorAll('[src], link[href]')].map(one => one.getAttribute('src') || one.getAttribute('href'))"""
RECORDS = "[...document.querySelectorAll('main li[id]')].map(one => one.id)"
WIDTH = "document.documentElement.scrollWidth"
DECODED = """Promise.all([...document.images].map(async one => {
    one.loading = 'eager';
    try { await one.decode(); return one.naturalWidth ? '' : one.src; } catch { return one.src; } }))"""
AXE = """axe.run(document, {preload: false, resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(found =>
    found.violations.map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')))"""


@functools.cache
def axe():
    """The text of axe-core, which a page has to run before AXE."""
    return (harness.root() / "build-node/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


class Walk:
    """What links alone lead to from START, a page of the folder TREE. Names are seen from there."""

    def __init__(self, browser, tree, start="index.html"):
        self.tree = tree.resolve()
        self.pages, self.opened, self.named, self.outside, self.records = {}, set(), set(), set(), collections.Counter()
        self.beyond = set()  # files outside of the folder
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name not in self.pages:
                waiting += self.visit(browser, name)

    def visit(self, browser, name):
        browser.go(self.tree / name)
        self.pages[name] = browser.run(LINKS)
        self.records[name] = len(browser.run(RECORDS))
        self.named |= {self.place(name, one) for one in browser.run(NAMED)}
        found = []
        for link in self.pages[name]:
            if urllib.parse.urlsplit(link).scheme:
                self.outside.add(link)
                continue
            place = self.place(name, link)
            (self.beyond if place.startswith("../") else self.opened).add(place)
            if place.endswith(".html") and place in self.opened:
                found.append(place)
        return found

    def place(self, page, link):
        """The path of a link as seen from the folder."""
        path = urllib.parse.unquote(urllib.parse.urlsplit(link).path)
        return page if not path else os.path.relpath((self.tree / page).parent.joinpath(path).resolve(), self.tree)
