// tensorflow_model_server is a double of TensorFlow Serving for tests: the real one's flags, APIs, states and metrics
// around models that are small functions. README.md says what it does and what is not real.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc/status"

	"model_server/internal/manager"
	"model_server/internal/options"
	"model_server/internal/server"
)

const failure = 255 // the real server's main returns -1

func main() {
	if os.Getpid() == 1 {
		// The real server handles no signal, and the kernel drops those that a first process does not handle. Go would exit.
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	}
	o, err := options.Parse(os.Args[0], os.Args[1:], os.Stdout)
	if errors.Is(err, options.ErrUsage) {
		os.Exit(failure)
	}
	if o.ShowVersion {
		fmt.Printf("TensorFlow ModelServer: %s\nTensorFlow Library: %s\n", options.Version, options.Version)
		return
	}
	if err := server.Run(o); err != nil {
		if _, isStatus := status.FromError(err); isStatus {
			fmt.Printf("Failed to start server. Error: %s\n", manager.StatusString(err))
		} else {
			fmt.Printf("Failed to start server. Error: %v\n", err)
		}
		os.Exit(failure)
	}
}
