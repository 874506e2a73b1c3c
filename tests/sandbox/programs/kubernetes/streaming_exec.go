package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// executor runs commands in containers.
type executor struct{ node *agent }

var _ remotecommand.Executor = executor{}

func (e executor) ExecInContainer(ctx context.Context, podName, _, name string, command []string, in io.Reader,
	out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	found, err := e.node.container(ctx, podName, name)
	if err != nil {
		return err
	}
	if !found.Running {
		return fmt.Errorf("container %q is not running", name)
	}
	words := append(found.Command, command...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	for key, value := range found.Env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	if tty {
		cmd.Env = append(cmd.Env, "TERM=xterm")
		return exitCode(runWithTerminal(cmd, in, out, resize))
	}
	return exitCode(runWithPipes(cmd, in, out, errOut))
}

// runWithPipes does not use cmd.Stdin, for then Wait would wait for a user who types nothing.
func runWithPipes(cmd *exec.Cmd, in io.Reader, out, errOut io.Writer) error {
	cmd.Stdout, cmd.Stderr = out, errOut
	if in != nil {
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			defer stdin.Close()
			_, _ = io.Copy(stdin, in) // ends with the connection or the command
		}()
	}
	return cmd.Run()
}

func runWithTerminal(cmd *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.Start(cmd)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go followSize(terminal, resize)
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	if out != nil {
		_, _ = io.Copy(out, terminal) // ends with EIO when the command has closed its side
	}
	return cmd.Wait()
}

func followSize(terminal *os.File, resize <-chan remotecommand.TerminalSize) {
	for size := range resize {
		_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
	}
}

// exitCode turns a command's failure into the form by which kubectl learns its exit code.
func exitCode(err error) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return utilexec.CodeExitError{Err: err, Code: failed.ExitCode()}
	}
	return err
}
