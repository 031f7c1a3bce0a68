#!/usr/bin/env bash
# A program for agent.sh, in bash and curl: a loop of a model (chat completions) and tools (MCP) for one prompt. It reads JSON by patterns,
# which is enough for what Caesura answers; your program takes its place.

trace=$(mktemp)
trap 'rm -f "$trace"' EXIT

post() { # URL BODY [OPTIONS]: the answer; who ends curl hangs up
  curl -sS --fail-with-body "$1" -d "$2" -H "Authorization: Bearer $CAESURA_API_KEY" -H 'Content-Type: application/json' \
    -H 'Accept: application/json, text/event-stream' "${session[@]}" "${@:3}"
}

mcp() { # WHAT [OPTIONS]
  post "$CAESURA_MCP_URL" "{\"jsonrpc\":\"2.0\",$1}" "${@:2}"
}

stop() { # Ctrl-C has ended curl; but over MCP a hang-up tells nothing, so a call that was sent gets its cancel
  ! grep -q '^> POST' "$trace" || mcp "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":$id}"
  exit 130
}
trap stop INT

client='{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"loop","version":"1"}}'
id=$(mcp "\"id\":\"hello\",\"method\":\"initialize\",\"params\":$client" -o /dev/null -D - | sed -n 's/^mcp-session-id: \(.*\)\r$/\1/Ip')
session=(-H "MCP-Session-Id: $id" -H 'MCP-Protocol-Version: 2025-11-25')
mcp '"method":"notifications/initialized"'
tools=$(mcp '"id":"tools","method":"tools/list"' | sed -E 's/.*"tools":(.*)\}\}$/\1/; s/,"annotations":\{[^}]*\}\}/}}/g
  s/\{"name":("[^"]*"),"title":"[^"]*","description":"[^"]*","inputSchema":/{"type":"function","function":{"name":\1,"parameters":/g')
messages="{\"role\":\"user\",\"content\":\"${*: -1}\"}"
id=0
while :; do
  body="{\"model\":\"$CAESURA_MODEL\",\"messages\":[$messages]$([ "$tools" = '[]' ] || echo ",\"tools\":$tools")}"
  answer=$(post "$CAESURA_OPENAI_BASE_URL/chat/completions" "$body") || exit 1
  messages+=,$(sed -E 's/.*"message":(.*),"logprobs".*/\1/' <<<"$answer")
  calls=$(grep -oE '"id":"[^"]*","type":"function","function":\{"name":"[^"]*","arguments":"([^"\\]|\\.)*"' <<<"$answer") || break
  while IFS= read -r call; do
    id=$((id + 1))
    name=$(sed -E 's/.*"name":"([^"]*)".*/\1/' <<<"$call")
    arguments=$(sed -E 's/.*"arguments":"(.*)"$/\1/; s/\\(.)/\1/g' <<<"$call")
    answer=$(mcp "\"id\":$id,\"method\":\"tools/call\",\"params\":{\"name\":\"$name\",\"arguments\":$arguments}" -v 2>"$trace") || exit 1
    : >"$trace"
    text=$(sed -E 's/.*"text":("([^"\\]|\\.)*").*/\1/' <<<"$answer")
    messages+=",{\"role\":\"tool\",\"tool_call_id\":$(cut -d: -f2 <<<"$call" | cut -d, -f1),\"content\":$text}"
  done <<<"$calls"
done
sed -E 's/.*"content":"(([^"\\]|\\.)*)".*/\1/' <<<"$answer"
