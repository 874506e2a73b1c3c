package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"

	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
)

// forwarder connects to ports of Pods, as a process in the Pod would: to its localhost.
type forwarder struct{ node *agent }

var _ portforward.PortForwarder = forwarder{}

func (f forwarder) PortForward(ctx context.Context, podName, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	found, err := f.node.pod(ctx, podName)
	if err != nil {
		return err
	}
	connection, err := dialInside(ctx, found.Network, port)
	if err != nil {
		return err
	}
	defer connection.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	_ = stream.Close() // ends the other direction where the client still holds it open
	<-sent
	return err
}

// dialInside opens a connection in a network namespace. The namespace belongs to a thread, so one is used up for it:
// the goroutine ends without unlocking it, and the runtime throws it away.
func dialInside(ctx context.Context, namespace string, port int32) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		if err := joinNetwork(namespace); err != nil {
			done <- result{err: err}
			return
		}
		// An address, not a name: dialing a name uses further goroutines, on threads outside the namespace.
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		done <- result{connection, err}
	}()
	got := <-done
	return got.connection, got.err
}

func joinNetwork(namespace string) error {
	file, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", namespace, err)
	}
	defer unix.Close(file)
	return unix.Setns(file, unix.CLONE_NEWNET)
}
