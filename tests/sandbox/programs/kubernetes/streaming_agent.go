package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// agent is the node agent as seen through its Unix socket.
type agent struct {
	client *http.Client
}

// container is what the agent knows of one container.
type container struct {
	Running bool              `json:"running"`
	Attempt int               `json:"attempt"`  // how often it was restarted
	Waiting string            `json:"waiting"`  // why it has not started, or ""
	Log     string            `json:"log"`      // file of this run, or "" before the first one
	Earlier string            `json:"previous"` // file of the run before, or ""
	Command []string          `json:"command"`  // what enters it; the command to run follows
	Env     map[string]string `json:"env"`
}

// pod is what the agent knows of a Pod.
type pod struct {
	Network string `json:"network"` // path of its network namespace
}

// notFound is an answer for the user: the Pod or container is not on this node.
type notFound struct{ message string }

func (e notFound) Error() string { return e.message }

func newAgent(socket string) *agent {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &agent{client: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// container finds a container by its Pod's "namespace/name" and its own name.
func (a *agent) container(ctx context.Context, podName, name string) (*container, error) {
	var found container
	return &found, a.get(ctx, "/pods/"+podName+"/containers/"+name, &found)
}

func (a *agent) pod(ctx context.Context, podName string) (*pod, error) {
	var found pod
	return &found, a.get(ctx, "/pods/"+podName, &found)
}

func (a *agent) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://agent"+path, nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return fmt.Errorf("the node agent does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return notFound{strings.TrimSpace(string(text))}
	}
	return json.NewDecoder(response.Body).Decode(into)
}
