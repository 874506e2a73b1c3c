package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// idleTimeout is the kubelet's default for connections on which nothing moves.
const idleTimeout = 4 * time.Hour

// trustedGroup is the organization in the API server's client certificate: nobody else may enter containers.
const trustedGroup = "system:masters"

func init() {
	programs["node-streaming"] = func() int { return streamingMain(os.Args[1:]) }
}

// streamingMain serves the part of the kubelet's API that `kubectl logs`, `exec`, `attach` and `port-forward` need, on
// Kubernetes' own streaming library. It asks the node agent, on a Unix socket, where a container is.
func streamingMain(args []string) int {
	flags := flag.NewFlagSet("node-streaming", flag.ExitOnError)
	socket := flags.String("agent", "", "the node agent's Unix socket")
	listen := flags.String("listen", ":10250", "address to serve on")
	certificate := flags.String("tls-cert-file", "", "the server's certificate")
	key := flags.String("tls-private-key-file", "", "its key")
	authority := flags.String("client-ca-file", "", "authority that signs the API server's client certificate")
	_ = flags.Parse(args) // ExitOnError

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serveStreaming(ctx, newAgent(*socket), *listen, *certificate, *key, *authority); err != nil {
		fmt.Fprintln(os.Stderr, "node-streaming:", err)
		return 1
	}
	return 0
}

func serveStreaming(ctx context.Context, node *agent, listen, certificate, key, authority string) error {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", authority)
	}
	server := &http.Server{
		Addr:      listen,
		Handler:   onlyTrusted(streamingRoutes(node)),
		TLSConfig: &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, MinVersion: tls.VersionTLS12},
		// SPDY takes over the connection, which HTTP/2 does not allow.
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ReadHeaderTimeout: 30 * time.Second,
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	log.Printf("node-streaming: serving on %s", listen)
	if err := server.ListenAndServeTLS(certificate, key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func streamingRoutes(node *agent) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		serveLogs(node, w, r)
	})
	exec := func(w http.ResponseWriter, r *http.Request) {
		options, err := remotecommand.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		remotecommand.ServeExec(w, r, executor{node}, podName(r), r.PathValue("uid"), r.PathValue("container"),
			r.URL.Query()["command"], options, idleTimeout, remotecommand.DefaultStreamCreationTimeout,
			remotecommand.SupportedStreamingProtocols)
	}
	attach := func(w http.ResponseWriter, r *http.Request) {
		options, err := remotecommand.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		remotecommand.ServeAttach(w, r, attacher{node}, podName(r), r.PathValue("uid"), r.PathValue("container"),
			options, idleTimeout, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
	}
	forward := func(w http.ResponseWriter, r *http.Request) {
		options, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		portforward.ServePortForward(w, r, forwarder{node}, podName(r), r.PathValue("uid"), options, idleTimeout,
			remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
	}
	for _, uid := range []string{"", "/{uid}"} { // the kubelet's API has each path with and without the Pod's uid
		mux.HandleFunc("/exec/{namespace}/{pod}"+uid+"/{container}", exec)
		mux.HandleFunc("/attach/{namespace}/{pod}"+uid+"/{container}", attach)
		mux.HandleFunc("/portForward/{namespace}/{pod}"+uid, forward)
	}
	return mux
}

// podName joins a request's namespace and Pod to the one name that the streaming library carries through.
func podName(r *http.Request) string {
	return r.PathValue("namespace") + "/" + r.PathValue("pod")
}

// onlyTrusted lets the API server in, and everyone to the health check.
func onlyTrusted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trusted := len(r.TLS.PeerCertificates) > 0 &&
			slices.Contains(r.TLS.PeerCertificates[0].Subject.Organization, trustedGroup)
		if !trusted && r.URL.Path != "/healthz" {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
