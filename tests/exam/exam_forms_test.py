#!/usr/bin/env python3
"""The forms of an exam, read by parsers that share no code with it: XML, JSON and HTML, also where a subject says what it likes."""

import argparse
import html.parser
import json
import subprocess
import sys
import unittest
import xml.etree.ElementTree

PRINT_EXAM = None  # set by main
VOID = {"meta", "br", "line", "rect", "circle"}


def form(which, name):
    return subprocess.run([PRINT_EXAM, which, name], capture_output=True, check=True).stdout


class Page(html.parser.HTMLParser):
    """The elements of a page, and whether each is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.rows, self.ids, self.links = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another")


class FormsTest(unittest.TestCase):
    def test_junit_is_xml(self):
        for which in ("small", "hostile"):
            suite = xml.etree.ElementTree.fromstring(form(which, "junit")).find("testsuite")
            tests = suite.findall("testcase")
            self.assertEqual(int(suite.get("tests")), len(tests))
            for kind, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                self.assertEqual(int(suite.get(kind)), len(suite.findall(f"testcase/{element}")), kind)
            for test in tests:
                self.assertLessEqual(len(test), 1)

    def test_json_is_json(self):
        for which in ("small", "hostile"):
            document = json.loads(form(which, "json").decode("utf-8"))
            self.assertEqual(document["schema"], "caesura.exam/1")

    def test_a_page_is_well_formed_and_has_nothing_that_acts(self):
        for which in ("small", "hostile"):
            page = Page(form(which, "html").decode("utf-8"))
            self.assertEqual(page.open, [])
            self.assertEqual(len(page.ids), len(set(page.ids)))
            self.assertEqual({link for link in page.links if link[1:] not in page.ids}, set())
            self.assertEqual({len(row) for row in page.rows}, {14})
            for tag, attributes in page.tags:
                self.assertNotIn(tag, ("script", "img", "link", "iframe", "object", "form", "base"))
                self.assertEqual([name for name in attributes if name.startswith("on") or name in ("src", "style")], [])

    def test_a_page_can_be_read_aloud_and_used_without_a_mouse(self):
        page = Page(form("small", "html").decode("utf-8"))
        heads = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
        self.assertEqual(set(heads), {"col", "row"})
        for tag, attributes in page.tags:
            if tag == "svg":
                self.assertEqual(attributes["role"], "img")
                self.assertTrue(set(attributes["aria-labelledby"].split()) <= set(page.ids))
            if attributes.get("class") == "wide" or tag == "pre":
                self.assertEqual(attributes["tabindex"], "0")
                self.assertTrue(attributes["aria-label"])

    def test_nothing_printed_has_control_characters(self):
        for name in ("text:0", "text:60", "markdown", "html", "junit"):
            text = form("hostile", name).decode("utf-8")
            self.assertEqual([c for c in set(text) if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0], [], name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--print-exam", required=True)
    arguments, rest = parser.parse_known_args()
    PRINT_EXAM = arguments.print_exam
    unittest.main(argv=[sys.argv[0], *rest])
