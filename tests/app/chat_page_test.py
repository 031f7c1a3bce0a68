#!/usr/bin/env python3
"""The chat page of `caesura serve`, in a browser, with a clock that the test moves: what a person sees and does."""

import argparse
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser
from served import Served

CAESURA = None  # set by main

# Ten chunks of four words, one a second; then a tool of 10 s, then a call of 5 s.
SCENARIO = """\
scenario: page-test
description: A streamed answer, a tool, and a closing call.
load: {requests: 1, arrivals: at_once}
services:
  llm:
    writer: {time_to_first_token: 250ms, time_per_output_token: 250ms, input_tokens: 1000, output_tokens: 40, price: {input: 3, output: 15}}
    closer: {latency: 5s, input_tokens: 1000, output_tokens: 60, price: {input: 3, output: 15}}
  tool:
    search: {latency: 10s}
workflow: [{llm: writer, stream: {chunk_tokens: 4}}, {tool: search}, {llm: closer}]
policy: [checkpoint]
"""
KEY = "a-client-key"


class ChatPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.scenario = os.path.join(cls.folder.name, "page-test.yaml")
        with open(cls.scenario, "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.addClassCleanup(cls.folder.cleanup)

    def setUp(self):
        self.serve()

    def serve(self, *arguments):
        server = Served(CAESURA, self.scenario, "--clock", "manual", *arguments)
        self.addCleanup(server.stop)
        self.server = server
        self.browser.open(server.url + "/")
        self.browser.complaints()

    def call(self, method, path, body=None):
        return self.server.call(method, path, body).body

    def advance(self, by):
        self.server.advance(by)

    def send(self, message="Hello"):
        before = self.browser.run("return document.querySelectorAll('.exchange').length")
        self.browser.type("#message", "\ue009a\ue000" + message)  # over what is there: Control-a
        self.browser.click("#send")
        self.browser.wait(f"document.querySelectorAll('.exchange').length == {before + 1}")
        self.see_status("Working: operation 1, llm writer")

    def text(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).textContent", selector)

    def see(self, selector, text):
        """Waits until the last such element has this text."""
        self.browser.wait(f"[...document.querySelectorAll({json.dumps(selector)})].at(-1)?.textContent.trim() == {json.dumps(text)}")

    def see_status(self, text):
        self.see(".status", text)

    def see_words(self, count):
        self.browser.wait(f"document.querySelector('.text').textContent.trim().split(/\\s+/).filter(Boolean).length == {count}")

    def cancel(self):
        self.browser.click(".exchange:last-child .cancel")

    def test_text_streams_and_a_cancel_stops_it_and_tells_what_it_saved(self):
        self.send()
        self.advance("3s")
        self.see_words(12)
        self.cancel()
        self.see_status("Stopping…")
        self.advance("1s")
        self.see_status("Stopping…")  # the call goes on to its end; its text does not
        self.see_words(12)
        self.advance("6s")
        self.see_status("Cancelled")
        self.see_words(12)
        self.see(".outcome", "Stopped 7.0 s after the cancel. Saved 1,060 tokens and $0.0039; used 28 tokens after the cancel.")
        self.see("#total-tokens", "1,060")
        self.see("#total-dollars", "$0.0039")
        self.see("#total-cancelled", "1")

    def test_a_second_press_says_already_cancelled(self):
        self.send()
        self.cancel()
        self.see_status("Stopping…")
        self.cancel()
        self.browser.wait("/already cancelled/i.test(document.querySelector('.outcome').textContent)")
        self.see_status("Stopping…")
        self.advance("10s")
        self.see_status("Cancelled")
        self.browser.wait("/Saved/.test(document.querySelector('.outcome').textContent)")
        self.cancel()
        self.browser.wait("/already cancelled/i.test(document.querySelector('.outcome').textContent)")

    def test_without_a_cancel_the_answer_completes(self):
        self.send()
        self.advance("1m")
        self.see_status("Completed")
        self.see_words(40)
        self.browser.wait("/^Used 2,100 tokens/.test(document.querySelector('.outcome').textContent)")
        self.assertTrue(self.browser.run("return document.querySelector('.cancel').hidden"))

    def test_operations_are_drawn_as_they_run_with_cancel_and_effect(self):
        self.send()
        self.advance("12s")
        self.browser.wait("document.querySelectorAll('.operations li').length == 2 && document.querySelector('.bar.running')")
        self.cancel()
        self.advance("8s")
        self.see_status("Cancelled")
        self.browser.wait("document.querySelectorAll('.mark').length == 2 && !document.querySelector('.bar.running')")
        marks = self.browser.run("return [...document.querySelectorAll('.mark')].map(m => m.textContent)")
        self.assertEqual(marks, ["cancel at 12 s", "effect at 20 s"])
        items = self.browser.run("return [...document.querySelectorAll('.operations li')].map(i => i.textContent)")
        self.assertEqual(items, ["1 llm writer: 0.0 s to 10 s", "2 tool search: 10 s to 20 s"])

    def test_requests_of_others_are_listed_and_can_be_cancelled(self):
        self.call("POST", "/v1/chat", {"message": "hi", "request_id": "somebody/else", "mode": "async"})
        self.see("#active span", "somebody/else: processing")
        self.browser.click("#active button")
        self.see("#active span", "somebody/else: stopping…")
        self.advance("1m")
        self.browser.wait("document.querySelectorAll('#active li').length == 0 && !document.getElementById('none-active').hidden")
        self.assertEqual(self.call("GET", "/v1/requests/somebody/else")["data"]["status"], "cancelled")

    def test_the_keyboard_alone_does_it_all(self):
        self.browser.run("document.getElementById('message').focus()")
        self.browser.press("\ue007")  # Enter sends what is there already
        self.see_status("Working: operation 1, llm writer")
        self.browser.press("\ue00c")  # Escape cancels
        self.see_status("Stopping…")
        self.browser.press("\ue00c")
        self.browser.wait("/already cancelled/i.test(document.querySelector('.outcome').textContent)")

    def test_two_conversations_at_once_are_told_apart(self):
        self.send("one")
        self.send("two")
        self.cancel()
        self.advance("1m")
        states = "[...document.querySelectorAll('.exchange')].map(e => e.dataset.state).join()"
        self.browser.wait(f"{states} == 'completed,cancelled'")

    def test_a_key_is_asked_for_where_one_is_needed(self):
        self.server.stop()
        self.serve("--client-key", KEY)
        self.browser.type("#message", "hi")
        self.browser.click("#send")
        self.browser.wait("document.querySelector('.exchange').dataset.state == 'failed' && document.getElementById('access').open")
        self.browser.complaints()  # of the 401s
        self.browser.type("#key", KEY)
        self.browser.click("#access-form button")
        self.send()
        self.browser.run("sessionStorage.clear()")

    def test_what_comes_from_outside_is_only_ever_text(self):
        hostile = "</script><img src=x onerror=\"document.title='owned'\"><b>&amp;"
        self.call("POST", "/v1/chat", {"message": "hi", "request_id": hostile, "mode": "async"})
        self.see("#active span", hostile + ": processing")
        self.send(hostile)
        self.see(".asked", hostile)
        self.assertEqual(self.browser.run("return document.title"), "Caesura: chat and cancel")

    def test_it_has_names_for_those_who_do_not_see_it(self):
        self.send()
        unnamed = self.browser.run(
            "return [...document.querySelectorAll('button, input, textarea')].filter(e =>"
            " !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map(e => e.outerHTML)"
        )
        self.assertEqual(unnamed, [])
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
        self.assertEqual(self.text(".status"), "Working: operation 1, llm writer")
        self.assertEqual(self.browser.run("return document.querySelector('.status').getAttribute('role')"), "status")

    def test_it_fits_a_phone(self):
        self.addCleanup(self.browser.resize, 1200, 900)
        self.browser.resize(360, 740)
        self.send("a-word-without-any-space-" * 20)
        self.advance("30s")
        self.see_status("Completed")
        self.browser.wait("document.querySelectorAll('.operations li').length == 3")
        wide = self.browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.assertEqual(wide, 0)

    def test_nothing_is_asked_of_any_other_place_nor_complained_of(self):
        self.send()
        self.advance("1m")
        self.see_status("Completed")
        places = self.browser.run("return [...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).origin))]")
        self.assertEqual(places, [self.server.url])
        self.assertEqual(self.browser.complaints(), [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--caesura", required=True)
    arguments, rest = parser.parse_known_args()
    global CAESURA
    CAESURA = arguments.caesura
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
