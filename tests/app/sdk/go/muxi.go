// Package muxi stands in for MUXI's Go SDK: an idempotency key for each call, refusals as MuxiError.
package muxi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

type FormationConfig struct {
	URL       string
	ClientKey string
	Timeout   time.Duration
}

type FormationClient struct {
	config FormationConfig
	http   http.Client
}

type MuxiError struct {
	Code       string
	Message    string
	StatusCode int
}

func (e *MuxiError) Error() string { return e.Code + ": " + e.Message }

func NewFormationClient(config *FormationConfig) *FormationClient {
	return &FormationClient{*config, http.Client{Timeout: config.Timeout}}
}

func (c *FormationClient) CancelRequest(ctx context.Context, requestID, userID string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.config.URL+"/v1/requests/"+requestID, nil)
	if err != nil {
		return err
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	request.Header.Set("X-Muxi-SDK", "go/0")
	request.Header.Set("X-Muxi-Client-Key", c.config.ClientKey)
	request.Header.Set("X-Muxi-User-ID", userID)
	request.Header.Set("X-Muxi-Idempotency-Key", fmt.Sprintf("%x", key))
	answer, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 400 {
		return nil
	}
	var body struct{ Error struct{ Code, Message string } }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return err
	}
	return &MuxiError{body.Error.Code, body.Error.Message, answer.StatusCode}
}
