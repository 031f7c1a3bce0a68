// A subject of `caesura exam` in nothing but Go. Your program takes the place of Agent; what is below it may stay.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

type object map[string]any

type message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

type toolCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// What models and tools answer.
type answer struct {
	Choices []struct{ Message message }
	Result  struct {
		Tools []struct {
			Name        string
			InputSchema any
		}
		Content []struct{ Text string }
	}
}

// Agent is a conversation: a loop of a model (chat completions) and tools (MCP).
type Agent struct {
	env      map[string]string
	messages []message
	tools    []object
	session  string
	last     int
}

// post returns the answer; to cancel ctx is to hang up.
func (a *Agent) post(ctx context.Context, url string, body object) (got answer, err error) {
	data, _ := json.Marshal(body)
	request, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(data))
	if err != nil {
		return got, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Authorization", "Bearer "+a.env["CAESURA_API_KEY"])
	if a.session != "" {
		request.Header.Set("MCP-Session-Id", a.session)
		request.Header.Set("MCP-Protocol-Version", "2025-11-25")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return got, err
	}
	defer response.Body.Close()
	if id := response.Header.Get("MCP-Session-Id"); id != "" {
		a.session = id
	}
	if response.StatusCode == http.StatusAccepted {
		return got, nil
	}
	if response.StatusCode != http.StatusOK {
		return got, fmt.Errorf("%s of %s", response.Status, url)
	}
	return got, json.NewDecoder(response.Body).Decode(&got)
}

func (a *Agent) mcp(ctx context.Context, call object) (answer, error) {
	call["jsonrpc"] = "2.0"
	return a.post(ctx, a.env["CAESURA_MCP_URL"], call)
}

func (a *Agent) connect(ctx context.Context) error {
	client := object{"protocolVersion": "2025-11-25", "capabilities": object{}, "clientInfo": object{"name": "agent", "version": "1"}}
	if _, err := a.mcp(ctx, object{"id": "hello", "method": "initialize", "params": client}); err != nil {
		return err
	}
	if _, err := a.mcp(ctx, object{"method": "notifications/initialized"}); err != nil {
		return err
	}
	list, err := a.mcp(ctx, object{"id": "tools", "method": "tools/list"})
	for _, tool := range list.Result.Tools {
		a.tools = append(a.tools, object{"type": "function", "function": object{"name": tool.Name, "parameters": tool.InputSchema}})
	}
	return err
}

// use returns a tool's result. Over MCP a hang-up tells nothing: whoever gives up a call sends its cancel, and hangs up after that.
func (a *Agent) use(ctx context.Context, call toolCall) (result message, err error) {
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	a.last++
	id := a.last
	calling, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	go func() {
		select {
		case <-ctx.Done():
			a.mcp(calling, object{"method": "notifications/cancelled", "params": object{"requestId": id}})
			hangUp()
		case <-calling.Done():
		}
	}()
	params := object{"name": call.Function.Name, "arguments": json.RawMessage(call.Function.Arguments)}
	got, err := a.mcp(calling, object{"id": id, "method": "tools/call", "params": params})
	if err != nil {
		return result, err
	}
	return message{Role: "tool", ToolCallID: call.ID, Content: got.Result.Content[0].Text}, nil
}

func (a *Agent) turn(ctx context.Context, prompt string) error {
	if a.session == "" {
		if err := a.connect(ctx); err != nil {
			return err
		}
	}
	a.messages = append(a.messages, message{Role: "user", Content: prompt})
	for {
		body := object{"model": a.env["CAESURA_MODEL"], "messages": a.messages}
		if len(a.tools) > 0 {
			body["tools"] = a.tools
		}
		got, err := a.post(ctx, a.env["CAESURA_OPENAI_BASE_URL"]+"/chat/completions", body)
		if err != nil {
			return err
		}
		// Kept once complete: a cancel in between leaves no call without its result, which the next turn would be refused for.
		steps := []message{got.Choices[0].Message}
		for _, call := range steps[0].ToolCalls {
			result, err := a.use(ctx, call)
			if err != nil {
				return err
			}
			steps = append(steps, result)
		}
		a.messages = append(a.messages, steps...)
		if len(steps) == 1 {
			return nil
		}
	}
}

func say(line object) {
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

// play plays a turn; whether its user says stop, or its own limit is up, its context is cancelled.
func play(ctx context.Context, agent *Agent, prompt string) {
	limited := ctx
	if limit, err := time.ParseDuration(agent.env["CAESURA_TIMEOUT_S"] + "s"); err == nil {
		var done context.CancelFunc
		limited, done = context.WithTimeout(ctx, limit)
		defer done()
	}
	err := agent.turn(limited, prompt)
	switch {
	case err == nil:
		say(object{"is": "settled", "outcome": "completed"})
	case ctx.Err() != nil:
		say(object{"is": "settled", "outcome": "cancelled"})
	default:
		say(object{"is": "settled", "outcome": "failed", "error": err.Error()})
	}
}

func main() {
	var agent *Agent
	var stop context.CancelFunc
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	say(object{"is": "ready"})
	for lines.Scan() {
		var told struct {
			Do, Prompt string
			Env        map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			panic(err)
		}
		switch told.Do {
		case "start", "prompt":
			if told.Do == "start" {
				agent = &Agent{env: told.Env}
			}
			var ctx context.Context
			ctx, stop = context.WithCancel(context.Background())
			go play(ctx, agent, told.Prompt)
		case "cancel", "leave":
			stop()
		case "end":
			return
		}
	}
}
