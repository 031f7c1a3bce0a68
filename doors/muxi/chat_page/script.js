"use strict";

const timelineInterval = 300; // ms between two looks at a request's operations, while it lives
const activeInterval = 1000; // ms between two looks at the list of requests
const ended = ["completed", "failed", "cancelled"];

const byId = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tokens = (n) => `${n.toLocaleString("en")} ${n === 1 ? "token" : "tokens"}`;
const secondsText = (s) => `${s < 10 ? s.toFixed(1) : Math.round(s).toLocaleString("en")} s`;

/** Two significant digits at least, however small. */
function dollars(amount) {
  if (amount === 0) return "$0";
  const digits = Math.max(2, 1 - Math.floor(Math.log10(Math.abs(amount))));
  return `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: Math.min(digits, 12) })}`;
}

// ---- The API

const access = { key: sessionStorage.getItem("key") ?? "", user: sessionStorage.getItem("user") ?? "" };

function headers(more = {}) {
  const all = { ...more };
  if (access.key) all["X-Muxi-Client-Key"] = access.key;
  if (access.user) all["X-Muxi-User-ID"] = access.user;
  return all;
}

class ApiError extends Error {}

/** Throws ApiError with the server's own words. */
async function checked(response) {
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) byId("access").open = true;
  throw new ApiError(body.message ?? body.error?.message ?? `${response.status} ${response.statusText}`);
}

async function call(method, path) {
  const response = await fetch(path, { method, headers: headers() });
  return (await checked(response)).json();
}

const requestPath = (id) => `/v1/requests/${encodeURIComponent(id)}`;
const cancelRequest = (id) => call("DELETE", requestPath(id));

/** The events of a chat, as they come: {event, data}. */
async function* chat(message, id) {
  const response = await checked(
    await fetch("/v1/chat", {
      method: "POST",
      headers: headers({ "Content-Type": "application/json", Accept: "text/event-stream" }),
      body: JSON.stringify({ message, request_id: id, stream: true }),
    }),
  );
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const lines = frame.split("\n");
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) yield { event: field("event") ?? "message", data: JSON.parse(data) };
    }
  }
}

// ---- One message and its answer

class Exchange {
  constructor(message) {
    this.id = newRequestId();
    this.element = byId("exchange").content.firstElementChild.cloneNode(true);
    this.element.querySelector(".asked").textContent = message;
    this.find(".cancel").addEventListener("click", () => this.cancel());
    this.find(".cancel").setAttribute("aria-label", `Cancel: ${message.slice(0, 60)}`);
    this.show("working", "Sending…");
    byId("welcome").hidden = true;
    byId("log").append(this.element);
    scrollToEnd();
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  /** States: working, stopping, completed, cancelled, failed. */
  show(state, words) {
    this.state = state;
    this.element.dataset.state = state;
    this.find(".status").textContent = words;
    this.find(".cancel").hidden = state === "completed" || state === "failed";
  }

  get isOver() {
    return ended.includes(this.state);
  }

  async run(message) {
    this.watch();
    try {
      for await (const { event, data } of chat(message, this.id)) this.take(event, data);
      if (!this.isOver) this.show("failed", "The stream ended early");
    } catch (error) {
      this.show("failed", `Failed: ${error.message}`);
    }
  }

  take(event, data) {
    if (event === "error") return this.show("failed", `Failed: ${data.error}`);
    const token = data.token;
    if (!token) return undefined;
    switch (token.type) {
      case "progress":
        if (this.state === "working") this.show("working", `Working: ${this.stage(token)}`);
        break;
      case "content":
        this.append(token.content);
        break;
      case "completed":
        this.show("completed", "Completed");
        break;
      case "cancelled":
        this.show("cancelled", "Cancelled");
        break;
      case "failed":
        this.show("failed", `Failed: ${token.content || "an operation failed"}`);
        break;
      default: // what the model thinks to itself
    }
    return undefined;
  }

  stage(token) {
    if (!token.operation) return "starting";
    return `operation ${token.operation}, ${token.kind}${token.service ? ` ${token.service}` : ""}`;
  }

  append(text) {
    const box = this.find(".text");
    const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const wasAtEnd = isAtEnd();
    box.append(text);
    if (follows) box.scrollTop = box.scrollHeight;
    if (wasAtEnd) scrollToEnd();
  }

  async cancel() {
    const wasWorking = this.state === "working";
    if (wasWorking) this.show("stopping", "Stopping…");
    try {
      const { data } = await cancelRequest(this.id);
      if (!wasWorking) this.find(".outcome").textContent = sentence(data.message);
    } catch (error) {
      this.find(".outcome").textContent = sentence(error.message);
      if (this.state === "stopping") this.show("working", "Working on");
    }
  }

  /** Follows the request's operations until its ledger is there. */
  async watch() {
    for (;;) {
      await pause(timelineInterval);
      const request = await call("GET", `/v1/caesura/requests/${encodeURIComponent(this.id)}`).catch(() => null);
      if (!request) {
        if (this.isOver) return;
        continue;
      }
      const wasAtEnd = isAtEnd();
      this.draw(request);
      if (request.tokens) this.sum(request);
      if (wasAtEnd) scrollToEnd();
      if (request.tokens) {
        refreshTotals();
        return;
      }
    }
  }

  draw(request) {
    const from = request.created_s;
    const until = Math.max(request.stopped_s ?? request.now_s, from + 0.001);
    const share = (t) => `${Math.min(100, Math.max(0, ((t - from) / (until - from)) * 100))}%`;
    this.find(".timeline").hidden = request.operations.length === 0;
    this.find(".operations").replaceChildren(
      ...request.operations.map((operation) => {
        const end = operation.end_s ?? until;
        const bar = make("div", `bar${operation.end_s === null ? " running" : ""}${operation.cut_off ? " cut" : ""}`);
        bar.style.left = share(operation.start_s);
        bar.style.width = `calc(${share(end)} - ${share(operation.start_s)})`;
        const track = make("div", "track");
        track.append(bar);
        const name = make("span", "name", `${operation.operation} ${operation.kind} ${operation.service}`);
        const how = operation.cut_off ? ", cut off" : operation.end_s === null ? " and goes on" : "";
        const told = make("span", "unseen", `: ${secondsText(operation.start_s - from)} to ${secondsText(end - from)}${how}`);
        name.title = name.textContent;
        const item = make("li");
        item.dataset.kind = operation.kind;
        name.append(told);
        item.append(name, track);
        return item;
      }),
    );
    const marks = [];
    const mark = (t, kind, words) => {
      const line = make("div", `mark ${kind}${(t - from) / (until - from) > 0.5 ? " left" : ""}`);
      line.style.left = share(t);
      line.append(make("span", "", `${words} at ${secondsText(t - from)}`));
      marks.push(line);
    };
    if (request.cancel_received_s !== null) mark(request.cancel_received_s, "", "cancel");
    if (request.stopped_s !== null) mark(request.stopped_s, "effect", request.status === "cancelled" ? "effect" : request.status);
    this.find(".plot").classList.toggle("two", marks.length === 2);
    this.find(".marks").replaceChildren(...marks);
  }

  sum(request) {
    if (request.status !== "cancelled") {
      this.find(".outcome").textContent = `Used ${tokens(request.tokens.used)}, ${dollars(request.cost_usd.used)}.`;
      return;
    }
    const latency = request.cancel_received_s === null ? "" : `Stopped ${secondsText(request.stopped_s - request.cancel_received_s)} after the cancel. `;
    this.find(".outcome").textContent =
      `${latency}Saved ${tokens(request.tokens.saved)} and ${dollars(request.cost_usd.saved)}; ` +
      `used ${tokens(request.tokens.used_after_cancel)} after the cancel.`;
  }
}

let requestsSent = 0;
const pageStarted = Date.now().toString(36);
function newRequestId() {
  requestsSent += 1;
  return `page-${pageStarted}-${requestsSent}`;
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// What grows stays in sight, for those who look at the end of the conversation. (On a phone the end is above what stands beside it.)
const conversationEnd = () => byId("composer").parentElement.getBoundingClientRect().bottom;
const isAtEnd = () => conversationEnd() <= window.innerHeight + 60;
const scrollToEnd = () => window.scrollBy(0, Math.max(0, conversationEnd() - window.innerHeight));

function sentence(text) {
  const words = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

// ---- Beside the conversation

async function refreshTotals() {
  const results = await call("GET", "/v1/caesura/results").catch(() => null);
  if (!results) return;
  const sum = (pick) => results.policies.reduce((total, policy) => total + pick(policy), 0);
  byId("total-tokens").textContent = sum((p) => p.tokens.saved).toLocaleString("en");
  byId("total-dollars").textContent = dollars(sum((p) => p.cost_usd.saved));
  byId("total-cancelled").textContent = sum((p) => p.requests.cancelled).toLocaleString("en");
  byId("total-after").textContent = tokens(sum((p) => p.tokens.used_after_cancel));
}

const activeItems = new Map(); // request id -> its line; kept, so that a button keeps the focus

function showActive(requests) {
  const active = requests.filter((request) => !ended.includes(request.status));
  const ids = new Set(active.map((request) => request.request_id));
  for (const [id, item] of activeItems) {
    if (ids.has(id)) continue;
    item.remove();
    activeItems.delete(id);
  }
  for (const request of active) {
    const id = request.request_id;
    if (!activeItems.has(id)) {
      const item = make("li");
      const button = make("button", "", "Cancel");
      button.type = "button";
      button.setAttribute("aria-label", `Cancel request ${id}`);
      button.addEventListener("click", () => cancelListed(id));
      item.append(make("span"), button);
      activeItems.set(id, item);
      byId("active").append(item);
    }
    activeItems.get(id).firstElementChild.textContent = `${id}: ${request.cancel_requested ? "stopping…" : request.status}`;
  }
  byId("none-active").hidden = active.length > 0;
}

async function cancelListed(id) {
  const own = exchanges.find((exchange) => exchange.id === id);
  if (own) return own.cancel();
  try {
    await cancelRequest(id);
  } catch (error) {
    notify(error.message);
  }
  return refreshActive();
}

async function refreshActive() {
  const list = await call("GET", "/v1/requests?limit=1000").catch(() => null);
  if (list) showActive(list.data.requests);
  return list !== null;
}

async function watchActive() {
  for (let ticks = 0; ; ticks += 1) {
    if (!document.hidden) {
      await refreshActive();
      if (ticks % 5 === 0) await refreshTotals();
    }
    await pause(activeInterval);
  }
}

let noticeTimer = 0;
function notify(text) {
  const notice = byId("notice");
  notice.textContent = sentence(text);
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    notice.hidden = true;
  }, 6000);
}

// ---- What the user does

const exchanges = [];

function send() {
  const message = byId("message").value.trim();
  if (!message) return;
  const exchange = new Exchange(message);
  exchanges.push(exchange);
  byId("message").value = "";
  exchange.run(message);
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
byId("message").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  exchanges.findLast((exchange) => !exchange.isOver)?.cancel();
});
byId("access-form").addEventListener("submit", (event) => {
  event.preventDefault();
  access.key = byId("key").value;
  access.user = byId("user").value.trim();
  sessionStorage.setItem("key", access.key);
  sessionStorage.setItem("user", access.user);
  byId("access").open = false;
  refreshActive();
});

byId("key").value = access.key;
byId("user").value = access.user;
fetch("/health")
  .then((response) => response.json())
  .then((health) => {
    byId("scenario").textContent = `scenario ${health.formation_id}, Caesura ${health.version}`;
  })
  .catch(() => notify("The server does not answer"));
watchActive();
